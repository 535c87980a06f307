"""The subscribe messages that we send: for each kind the template that our account must have."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from miniapi.wechat.client import WeChat

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A template as chosen in the account's console: its title, and the titles of its fields by name."""

    title: str
    fields: Mapping[str, str]


TEMPLATES: Mapping[str, Wanted] = MappingProxyType(
    {
        "drop": Wanted("活动开始提醒", {"thing1": "活动名称", "time2": "开始时间", "thing3": "温馨提示"}),
        "pickup": Wanted(
            "上门回收提醒",
            {
                "character_string1": "预约单号",
                "time2": "上门时间",
                "thing3": "回收物品",
                "thing4": "上门地址",
            },
        ),
        "voucher_expiry": Wanted(
            "消费券到期提醒", {"thing1": "券名称", "time2": "到期时间", "thing3": "温馨提示"}
        ),
        "claimed": Wanted("领券成功通知", {"thing1": "券名称", "amount2": "最高补贴", "time3": "有效期至"}),
        "redeemed": Wanted(
            "核销成功通知",
            {"thing1": "商品名称", "amount2": "补贴金额", "time3": "核销时间", "thing4": "核销门店"},
        ),
        "refunded": Wanted(
            "退货处理通知",
            {"thing1": "商品名称", "amount2": "退回补贴", "time3": "处理时间", "thing4": "温馨提示"},
        ),
        "ticket": Wanted(
            "工单进度通知",
            {
                "character_string1": "工单编号",
                "phrase2": "处理状态",
                "time3": "处理时间",
                "thing4": "处理说明",
            },
        ),
        "report": Wanted("报表报送提醒", {"thing1": "报表名称", "time2": "截止时间", "thing3": "报送单位"}),
    }
)


async def template_ids(wechat: WeChat) -> Mapping[str, str]:
    """The id of each kind's template in our account. A kind without one is left out and named in the log."""
    found = await wechat.templates()
    ids = {}
    for kind, wanted in TEMPLATES.items():
        fitting = (one.id for one in found if (one.title, one.fields) == (wanted.title, wanted.fields))
        if (template_id := next(fitting, None)) is None:
            log.error("wechat: no template %r with the fields %s", wanted.title, dict(wanted.fields))
        else:
            ids[kind] = template_id
    return ids
