"""The subscribe message templates of the sandbox's mini-program, one for each kind of message."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Template:
    """A one-time template: its fields are called as WeChat calls them (`thing1`), each with its title."""

    kind: str
    title: str
    fields: Mapping[str, str]

    @property
    def id(self) -> str:
        """43 characters, the same in every sandbox."""
        digest = hashlib.sha256(f"huanxin sandbox template {self.kind}".encode()).digest()
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")

    def as_wechat_lists_it(self) -> dict[str, Any]:
        """An item of `gettemplate`."""
        return {
            "priTmplId": self.id,
            "title": self.title,
            "content": "\n".join(f"{title}:{{{{{name}.DATA}}}}" for name, title in self.fields.items()),
            "example": "\n".join(f"{title}:示例" for title in self.fields.values()),
            "type": 2,
        }


TEMPLATES = (
    Template("drop", "活动开始提醒", {"thing1": "活动名称", "time2": "开始时间", "thing3": "温馨提示"}),
    Template(
        "pickup",
        "上门回收提醒",
        {"character_string1": "预约单号", "time2": "上门时间", "thing3": "回收物品", "thing4": "上门地址"},
    ),
    Template(
        "voucher_expiry", "消费券到期提醒", {"thing1": "券名称", "time2": "到期时间", "thing3": "温馨提示"}
    ),
    Template("claimed", "领券成功通知", {"thing1": "券名称", "amount2": "最高补贴", "time3": "有效期至"}),
    Template(
        "redeemed",
        "核销成功通知",
        {"thing1": "商品名称", "amount2": "补贴金额", "time3": "核销时间", "thing4": "核销门店"},
    ),
    Template(
        "refunded",
        "退货处理通知",
        {"thing1": "商品名称", "amount2": "退回补贴", "time3": "处理时间", "thing4": "温馨提示"},
    ),
    Template(
        "ticket",
        "工单进度通知",
        {"character_string1": "工单编号", "phrase2": "处理状态", "time3": "处理时间", "thing4": "处理说明"},
    ),
    Template("report", "报表报送提醒", {"thing1": "报表名称", "time2": "截止时间", "thing3": "报送单位"}),
)
BY_ID = {template.id: template for template in TEMPLATES}


def templates_by_kind() -> dict[str, Template]:
    """Every template under its kind."""
    return {template.kind: template for template in TEMPLATES}
