"""Drops that are drawn by lot: taking part, how the draw went, taking no part after all."""

from __future__ import annotations

import re

from bot import wording
from bot.ports import Declined, DropSeen, RegistrationSeen
from bot.replies import Action, Reply
from bot.skill import Proposal, Skill, Turn, says

MOST_TOLD = 3


async def register(turn: Turn, drop: DropSeen) -> Reply:
    """Takes part in the draw of a drop that is open; once a person, early or late alike."""
    try:
        given = await turn.city.register(turn.caller, drop.id)
    except Declined as no:
        return Reply(
            f"没有报上名：{no}", "claim", citations=no.citations, actions=(Action("drop", "看发券场次"),)
        )
    return Reply(
        f"报名好了：{wording.moment(given.opens_at, turn.now)} 这一场先报名、后抽签，"
        f"{wording.moment(given.draws_at, turn.now)} 截止并抽签，早报晚报机会一样。"
        "中了签，券直接放进您的卡包；不想参加了，截止前说「退出抽签」。",
        "claim",
        suggestions=("我中签了吗", "退出抽签"),
        actions=(Action("drop", "看这一场", drop.id),),
    )


async def tell(turn: Turn) -> Reply:
    """How the draws went that somebody takes part in, the newest first."""
    seen = list(await turn.city.registrations(turn.caller))[:MOST_TOLD]
    if not seen:
        return Reply(
            "您没有报名过抽签的场次。有券的场次都在「看发券场次」里，写着是先到先得还是抽签。",
            "claim",
            actions=(Action("drop", "看发券场次"),),
        )
    lines = [f"· {wording.moment(one.opens_at, turn.now)} 这一场：{_result(one, turn)}" for one in seen]
    return Reply("\n".join(["您报名的抽签：", *lines]), "claim", actions=(Action("voucher", "我的券"),))


def _result(one: RegistrationSeen, turn: Turn) -> str:
    if one.won is None:
        when = wording.moment(one.draws_at, turn.now)
        return f"{when} 抽签，还没到时间" if turn.now < one.draws_at else "正在抽签，稍后再看"
    return "中签了，券在您的卡包里" if one.won else "没有中签"


async def look_what_to_leave(turn: Turn) -> Reply | None:
    """The draw still to come that somebody takes part in; nothing to leave is said at once."""
    coming = [one for one in await turn.city.registrations(turn.caller) if turn.now < one.draws_at]
    if not coming:
        return Reply("您没有还没抽签的报名，不用退出。", "claim", actions=(Action("drop", "看发券场次"),))
    first = min(coming, key=lambda one: one.draws_at)
    turn.known["registration"] = first.id
    turn.known["called"] = wording.moment(first.opens_at, turn.now)
    return None


async def ask_once_more(turn: Turn) -> Proposal:
    return Proposal(f"要退出 {turn.known['called']} 这一场的抽签吗？回复「确认」就退出。")


async def leave(turn: Turn) -> Reply:
    """Takes no part in the draw."""
    try:
        await turn.city.withdraw(turn.caller, turn.known["registration"])
    except Declined as no:
        return Reply(f"没有退出成：{no}", "claim", citations=no.citations)
    return Reply(
        f"已退出 {turn.known['called']} 这一场的抽签。截止前想参加，再说「领券」就行。",
        "claim",
        actions=(Action("drop", "看发券场次"),),
    )


_ASKED = re.compile(r"条件|规则|流程|公平|概率|几率|中签率|怎么抽|为什么")

result = Skill(
    name="claim",
    wanted=says(
        r"(?:中签|抽中|抽到|中奖|中)了?(?:没有?|吗|么)|中没中|(?:有没有|是否|是不是)(?:中签|抽中|抽到)"
        r"|(?:抽签|摇号)(?:的)?(?:结果|进度|名单)|我(?:的)?(?:抽签|摇号)|我报(?:了)?名的?(?:抽签|那场|场次)",
        unless=_ASKED.pattern + r"|退出|取消|不(?:想)?(?:参加|抽)",
    ),
    finish=tell,
    needs_sign_in="看抽签结果要先登录，登录后我告诉您中没中；中了签，券就在卡包里。",
)

withdrawal = Skill(
    name="claim",
    wanted=says(
        r"(?:退出|取消|撤销|放弃)(?:这次|这一?场|我的|一下)?(?:抽签|摇号)|(?:抽签|摇号)[^,，。]{0,4}(?:退出|取消|不参加|撤)"
        r"|不(?:想)?(?:参加)?(?:抽签|摇号)了"
    ),
    begin=look_what_to_leave,
    propose=ask_once_more,
    finish=leave,
    needs_sign_in="退出抽签要先登录，登录后我才看得到您报名的场次和券。",
    also_yes=("退出", "退出吧", "确认退出"),
    stopped="好的，报名还留着，到时候照样抽签。",
)
