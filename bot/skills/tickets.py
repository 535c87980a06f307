"""Tells how somebody's tickets stand, and what the staff answered."""

from __future__ import annotations

from bot import wording
from bot.ports import TicketSeen
from bot.replies import Action, Reply, person
from bot.skill import Skill, Turn, says

MOST_TOLD = 3
LONGEST_ANSWER = 150  # characters; the whole answer stands in the mini-program
KINDS = {"complaint": "投诉", "help": "求助", "policy": "政策问题", "identity": "身份核实"}
STATES = {"open": "在等答复", "answered": "已答复", "closed": "已关闭"}

_HOW_IT_STANDS = (
    r"(?:的|单|现在|目前|到底|我|已经|都)*"
    r"(?:(?:有|出)(?:没有?|了)?(?:结果|进展|答复|回复|回音)|(?:结果|进展|进度|状态)(?!不)"
    r"|(?:处理|办理?|受理|解决|弄)(?:得|到|的|好|完)*(?:了?没|了吗|怎么?样|咋样|如何|哪)"
    r"|(?:答复|回复)(?:我|您)?了?(?:吗|没)|有(?:没有)?人(?:在)?(?:处理|跟进|受理)|(?:到|走到)哪|怎么样了|咋样了)"
)
_GENERAL = r"多久|几天|多长|什么时候|怎么投诉|去哪|电话|要投诉|想投诉"


async def tell(turn: Turn) -> Reply:
    """The newest tickets, each with its state and the latest answer."""
    intent, seen = "human", await turn.city.tickets(turn.caller)
    if "投诉" in turn.text:
        intent, seen = "complaint", [one for one in seen if one.kind == "complaint"] or seen
    if not seen:
        return Reply(
            "您还没有提过工单。要投诉就说「我要投诉」，要找工作人员就说「人工」。",
            intent,
            actions=(person(),),
        )
    newest = seen[:MOST_TOLD]
    return Reply(
        "\n".join(_described(one, turn) for one in newest),
        intent,
        actions=tuple(Action("ticket", f"看工单 {one.number}", one.id) for one in newest),
    )


def _described(one: TicketSeen, turn: Turn) -> str:
    line = f"· {KINDS.get(one.kind, '工单')}（工单号 {one.number}）：{STATES.get(one.state, '处理中')}。"
    if one.answer is None or one.answered_at is None:
        return line
    answer = one.answer if len(one.answer) <= LONGEST_ANSWER else f"{one.answer[: LONGEST_ANSWER - 1]}…"
    return f"{line}{wording.moment(one.answered_at, turn.now)} 工作人员说：{answer}"


my_tickets = Skill(
    name="human",
    wanted=says(
        rf"工单{_HOW_IT_STANDS}|(?:我的|查|看|查询|查看)(?:一?下)?(?:我的)?工单|人工(?:客服)?(?:答复|回复)(?:我)?了?(?:吗|没)",
        unless=_GENERAL,
    ),
    finish=tell,
    needs_sign_in="看工单和人工的答复要先登录，登录后我才看得到您的工单。",
)

my_complaints = Skill(
    name="complaint",
    wanted=says(
        rf"投诉{_HOW_IT_STANDS}|我的投诉(?:呢|单|记录)?[?？。]?$|(?:查|看|查询|查看)(?:一?下)?(?:我的)?投诉(?:单|记录)?[?？。]?$",
        unless=_GENERAL,
    ),
    finish=tell,
    needs_sign_in="看投诉的处理结果要先登录，登录后我才看得到您的工单。也可以登录后转人工说。",
)
