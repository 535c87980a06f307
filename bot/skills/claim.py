"""Claims a voucher from the drop that is open."""

from __future__ import annotations

from collections.abc import Sequence

from bot import wording
from bot.ports import Declined, DropSeen
from bot.replies import Action, Reply
from bot.skill import Skill, Turn, says
from bot.skills import lots
from bot.skills.drops import how_it_stands, open_now


async def claim(turn: Turn) -> Reply:
    """One voucher into the wallet, a place in the draw where there is one, or why not and when next."""
    seen = await turn.city.drops(turn.place)
    current = open_now(seen, turn.now)
    if current is None:
        return _not_now(_standing(turn, seen))
    if current.draws_at is not None:
        return await lots.register(turn, current)
    try:
        voucher = await turn.city.claim(turn.caller, current.id)
    except Declined as no:
        return Reply(
            f"没有抢到券：{no}", "claim", citations=no.citations, actions=(Action("drop", "看发券场次"),)
        )
    return Reply(
        f"抢到了！券码 {voucher.code}，最多抵 {wording.money(voucher.max_fen)}，"
        f"用到 {wording.last_moment(voucher.valid_until)}，过期作废。去参与活动的店里付款时出示。",
        "claim",
        actions=(Action("voucher", "看这张券", voucher.id), Action("shops", "看参与商家")),
    )


def _standing(turn: Turn, seen: Sequence[DropSeen]) -> str:
    pack = turn.policy.library.pack(turn.place)
    calendar = pack.rules.calendar(turn.today)
    if calendar is None:
        return f"《{pack.document.title}》没有规定发券的场次，这里没有可领的券。"
    return how_it_stands(calendar, seen, turn.now)


def _not_now(standing: str) -> Reply:
    return Reply(
        f"现在没有开抢的券。{standing}",
        "claim",
        suggestions=("开抢前提醒我",),
        actions=(Action("drop", "看发券场次"), Action("reminder", "开抢前提醒我")),
    )


skill = Skill(
    name="claim",
    wanted=says(
        r"(?:帮我|给我|替我|我要|我想|想|马上|立刻|赶紧|一键|现在就?)[^?？]{0,4}(?:抢|领"
        r"|申领|领取|来|发)[^?？]{0,6}(?:券|一张|补贴)"
        r"|^(?:去|来|点我)?(?:抢|领|申领|领取)(?:一?[张个]|取)?(?:家电|家居|补贴|优惠"
        r"|以旧换新)*(?:消费)?券(?:吧|了|呀|啊|咯)?[!！。]?$|^来一?张券|(?:帮我|给我|替我)(?:抢|领)(?:一下|一个|吧|了|呗)*[!！。]?$|^(?:马上|立即|现在|一键|点击)(?:抢|领取?)(?:吧|了)?$"
        r"|(?:我要|我想|想|帮我|给我|替我)?(?:报名|参加|登记)(?:一下|这场|这次|今天的)?(?:抽签|摇号)(?:吧|了)?[!！。]?$",
        unless=r"怎么|如何|咋|哪|什么|啥|几|多少|条件|能不能|可以.*[吗么]|[吗么?？]$|提醒|没有?抢到"
        r"|抢不到|领不到|取消|投诉|我领的|领了",
    ),
    finish=claim,
    needs_region=True,
    needs_sign_in="领券要先登录，并完成实名认证。登录后跟我说「领券」就行。",
)
