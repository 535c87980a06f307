"""Complaints, a human being to talk to, an identity to move: each becomes a ticket that the staff answer."""

from __future__ import annotations

import re
from dataclasses import replace

from bot import understanding
from bot.policy import contact
from bot.ports import Declined, TicketSeen
from bot.replies import Action, Reply, sign_in
from bot.skill import Skill, Slot, Turn, says

SHORTEST = 4  # characters that can say what happened
LONG_ENOUGH = 12  # so many say it, whatever words stand among them
LONGEST = 1000  # of a ticket

_WISH = re.compile(
    r"(?:请|麻烦|帮我|给我|我们?)*(?:要|想|来|去哪|怎么|转接?|接|找|叫|换|联系)*(?:一?[个位名])?"
    r"(?:投诉|举报|维权|(?:人工|真人|活人|客服|坐席|工作人员)(?:客服|服务)?)(?:一下)?"
)
_COMMAND = re.compile(
    r"^(?:请|麻烦)?(?:帮我|给我|我要|我想|想)?(?:预约|约|取消|改|提醒|查|看|领|抢|设|算|转|找|回收)"
    r"(?![了好的到过完不错])|^我的\S{1,3}$"
)
_HAPPENED = re.compile(r"我|他|她|昨|前天|店员|店家|商家|老板|师傅|说|\d")
_OUTRAGED = re.compile(r"凭(?:什么|啥)|居然|竟然")  # what sounds like a question and tells what happened
_TAKEN = re.compile(
    r"(?:身份证?|实名|证件)[^,，。?？]{0,8}(?:另一个|另外一个|别的|其[他它]|别人|他人)(?:的)?[^,，。?？]{0,3}"
    r"(?:[账帐][号户]|微信|实名|认证|占用)"
    r"|(?:身份|实名|证件)[^,，。?？]{0,6}被[^,，。?？]{0,6}(?:占|绑|实名|认证|注册|使用)"
    r"|(?:实名|身份)(?:认证|信息)?[^,，。?？]{0,6}(?:转移|迁移|转到|换到|换绑|解绑|挪到)"
    r"|换了?(?:个)?(?:微信|[账帐]号)[^。?？]{0,12}(?:实名|身份)"
)
_PARTS = re.compile(r"[,，。;；:：!！\s]+")


async def keep_first_words(turn: Turn) -> Reply | None:
    """示例店骗我, and only then what happened: the name of the shop must not get lost."""
    turn.known["first"] = turn.raw
    return None


async def keep_what_nobody_answered(turn: Turn) -> Reply | None:
    """A question that only a person can answer is handed on as it was asked, with the nearest clause."""
    turn.known["first"] = turn.raw
    if turn.unanswered is None or called_along(turn) is not None:
        return None
    turn.known["what"] = turn.unanswered
    near = turn.policy.find(turn.unanswered, turn.region)
    if not _TAKEN.search(turn.unanswered) and near.best is not None and near.region == turn.region:
        turn.known["clause"] = near.best.cites[0].removeprefix(f"{turn.region}#")
    return None


def complained_along(turn: Turn) -> str | None:
    """What happened, where the message tells it; who only asks where to complain is asked back."""
    if _is_asked(turn):
        question = understanding.asks(turn.text) and not complaint.wanted(turn)
        return None if question and not _is_story(turn.text) else _told(turn)
    enough = len(_WISH.sub("", turn.text)) >= LONG_ENOUGH and not understanding.asks(turn.text)
    return turn.raw.strip() if enough else None


def called_along(turn: Turn) -> str | None:
    """What a person is needed for, where a part of the message beside the call tells it."""
    if _is_asked(turn):
        return _told(turn)
    beside = "".join(part for part in _PARTS.split(turn.text) if not human.wanted(turn.saying(part)))
    return turn.raw.strip() if len(beside) >= LONG_ENOUGH else None


def told_at_last(turn: Turn) -> str | None:
    """Whatever can be understood by somebody who was not there."""
    text = turn.text
    bare = _WISH.sub("", text)
    if len(bare) < SHORTEST or understanding.says_yes(text) or understanding.says_no(text):
        return None
    return turn.raw.strip() if re.search(r"[\u4e00-\u9fff]{2}|[A-Za-z]{2}", bare) else None


def _told(turn: Turn) -> str | None:
    """The story behind our question; a few words that could be another wish are first held to be one."""
    command = len(turn.text) < LONG_ENOUGH and _COMMAND.search(turn.text)
    greeting = len(turn.text) <= SHORTEST and understanding.asks(turn.text)
    return None if command or greeting else told_at_last(turn)


def _is_story(text: str) -> bool:
    if _OUTRAGED.search(text):
        return True
    return len(text) >= LONG_ENOUGH and _HAPPENED.search(text) is not None


def _is_asked(turn: Turn) -> bool:
    return turn.memory.task is not None and turn.memory.task.asked is not None


async def complain(turn: Turn) -> Reply:
    """The complaint is written down; prices and quality have an office that looks into them."""
    opened = await _open(turn, "complaint")
    if isinstance(opened, Declined):
        return _not_opened(opened, "complaint")
    reply = Reply(
        f"很抱歉让您遇到这样的事。投诉已登记，工单号 {opened.number}，"
        "商务部门的工作人员会在小程序的「工单」里答复您。小票、聊天记录和照片请先留好。",
        "complaint",
        actions=(Action("ticket", "看这件工单", opened.id),),
    )
    if turn.region is None:
        return reply
    said = turn.policy.on_topic("price_fraud", turn.region, turn.now)
    if said is None or said.intent != "answer":
        return reply
    return reply.followed_by(replace(said, actions=()))


async def hand_over(turn: Turn) -> Reply:
    """The matter is written down for a person, with the number that the place's own document prints."""
    clause = turn.known.get("clause")
    moving = _TAKEN.search(turn.known["what"])
    opened = await _open(turn, "policy" if clause else "identity" if moving else "help", clause)
    if isinstance(opened, Declined):
        return _not_opened(opened, "human")
    front = "已把您刚才的问题转给人工" if clause else "身份核实已转给人工" if moving else "已转给人工"
    behind = "人工核实后会转移到您现在的账号。身份证号码不用发在这里。" if moving and not clause else ""
    return Reply(
        f"{front}，工单号 {opened.number}。工作人员会在小程序的「工单」里答复您。{behind}",
        "human",
        actions=(
            Action("ticket", "看这件工单", opened.id),
            *(contact(turn.pack) if turn.pack else ()),
        ),
    )


async def show_the_way_on(turn: Turn) -> Reply:
    """One person has one account: an identity that stands in another one is moved by the staff."""
    turn.memory.offered, turn.memory.unanswered = "human", turn.raw
    return Reply(
        "一个身份只能在一个账号实名。已在另一个账号实名的，可以提工单，人工核实后转移到您现在的账号。"
        "要提工单吗？回复「好」就提。",
        "human",
        suggestions=("好",),
        actions=(
            *(() if turn.caller.id else (sign_in(),)),
            Action("ticket", "提工单核实身份", ticket="identity"),
        ),
    )


async def _open(turn: Turn, kind: str, clause: str | None = None) -> TicketSeen | Declined:
    first, what = turn.known["first"], turn.known["what"]
    said_more = first.strip() != what and len(_WISH.sub("", first)) >= 2
    text = f"{first.strip()}\n{what}" if said_more else what
    try:
        caller = replace(turn.caller, region=turn.region)
        return await turn.city.open_ticket(caller, kind, text[:LONGEST], clause)
    except Declined as no:
        return no


def _not_opened(no: Declined, intent: str) -> Reply:
    return Reply(f"没有登记上：{no}", intent, citations=no.citations, actions=(Action("ticket", "我的工单"),))


complaint = Skill(
    name="complaint",
    wanted=says(
        r"(?:店|商家|商户|店家|老板)[^,，。?？]{0,10}(?:让我|要我|叫我)(?:补差价|加钱|多付|另付|再付)|投诉|举报|维权|(?:我要|要|想|怎么|去哪)(?:告|反映"
        r"|曝光)(?!诉|知)|(?:店|商家|商户|师傅"
        r"|回收员|老板|卖家)[^,，。?？]{0,8}(?:骗(?:了)?我|坑(?:了)?我|忽悠|压价|态度|乱收(?!旧|废)|不给(?:我)?(?:补"
        r"|减|用|退|开)|乱收费|乱收钱|乱要钱|多收|不认(?:券|账)?|不让用|拒绝|赖账|耍赖)|(?:师傅|回收员|店|商家|商户|安装工)[^。?？]{0,12}(?:刮花|弄坏|碰坏|砸坏|打碎|损坏|不赔|少给)"
        r"|(?:套现|倒卖|骗补)[^,，。]{0,6}(?:你们)?管不管|是不是坑人|(?:被"
        r"|遭)[^,，。]{0,6}(?:骗|坑|忽悠|宰)了?",
        unless=r"^(?:为什么|为啥)[^,，。]*[三四五3-5]级|^(?:要是|如果|万一)?(?:商家|店家|商户|卖家)(?:扯皮|推诿)?不肯?赔|^(?:如果|要是)?商家先?提价|(?:找|归|是|由)?(?:哪个|什么|哪一?些)(?:部门|单位|局)|谁(?:负责|来?管|查)|归谁|找(?:谁|哪)|往哪|怕被"
        r"|会不会|(?:几天|多久|多长时间|什么时候)(?:能|会|才|可以)?(?:处理|受理|解决|回复|答复|有结果)|能举报吗|怎么弄|(?:投诉"
        r"|举报)(?:[^,，。]{0,4})?(?:电话|热线|渠道|机制|制度|怎么(?:处理|办|受理|解决))",
    ),
    begin=keep_first_words,
    slots=(
        Slot(
            "what",
            ask="请用一条消息说清是哪家店或哪个单号、什么时候、怎么回事，我帮您登记投诉。",
            understand=complained_along,
            when_asked=told_at_last,
            own_words=True,
        ),
    ),
    finish=complain,
    needs_sign_in="登记投诉要先登录，工作人员才能受理并联系您。也可以登录后转人工说。",
    stopped="好的，这次先不登记投诉。需要时再跟我说。",
)

human = Skill(
    name="human",
    wanted=says(
        r"(?:怎么|咋)?(?:没人|没有人)(?:理我?|管我|回复?我?)[吗呢啊呀?？!！]*$|人工(?!智能|费|成本|拆)|客服(?!电话|号码|热线)|(?:找|叫|让|喊|见)你?们?的?(?:领导|主管|经理|负责人|管事的)"
        r"|^来(?:一?个)?人[呀啊吧]?$|换(?:一?个)?人(?:$|来|说|跟|回答)|让人来|转一?下人|转个人|真人|转接|坐席|活人|(?:找|要|换|叫|转|跟|和|与"
        r"|让)(?:一?[个位名])?(?:工作人员|人)(?:来)?(?:说|聊|谈|问|服务|处理|对话|讲|沟通|接"
        r"|帮|$|吧|解决)|(?:不想|不要)(?:跟|和)?机器人?(?:说|聊|回答)?|联系(?:一下)?工作人员|(?:找|叫|让|来|派)(?:一?[个位])?人(?:来)?(?:跟|和|给|同)我(?:们)?(?:说|聊|谈|讲|解释)"
        r"|工作人员(?:在吗|呢)|(?:提交?|开|建|写|填|发起)(?:一?[个件张份])?工单"
    ),
    begin=keep_what_nobody_answered,
    slots=(
        Slot(
            "what",
            ask="请用一条消息写下要人工帮您解决什么，我转给工作人员。",
            understand=called_along,
            when_asked=told_at_last,
            own_words=True,
        ),
    ),
    finish=hand_over,
    needs_sign_in="转人工客服要先登录，工作人员才知道回复给谁。登录后说「人工」就行。",
    stopped="好的，先不转人工。需要时再跟我说「人工」。",
)

identity = Skill(
    name="human",
    wanted=says(_TAKEN.pattern, unless=r"人工|客服|真人|投诉"),
    finish=show_the_way_on,
)
