"""Complaints, and a human being to talk to."""

from __future__ import annotations

from bot.policy import contact
from bot.replies import Action, Reply, person
from bot.skill import Skill, Turn, says


async def complain(turn: Turn) -> Reply:
    """What to write down and where it goes; prices and quality have an office that looks into them."""
    reply = Reply(
        "很抱歉让您遇到这样的事。点「转人工」登记投诉：写上店名或单号、时间和经过，附上小票或照片，工作人员会受理并给您回复。",
        "complaint",
        actions=(Action("ticket", "登记投诉"),),
    )
    if turn.region is None:
        return reply
    said = turn.policy.on_topic("price_fraud", turn.region, turn.now)
    return reply.followed_by(said) if said and said.intent == "answer" else reply


async def hand_over(turn: Turn) -> Reply:
    """The way to a person, with the number that the place's own document prints."""
    numbers = contact(turn.pack) if turn.pack else ()
    return Reply(
        "好的，给您转人工客服。点「转人工」把问题写下来，工作人员会回复您；我们说过的话不用重复。",
        "human",
        actions=(person(), *numbers),
    )


complaint = Skill(
    name="complaint",
    wanted=says(
        r"投诉|举报|维权|(?:我要|想|怎么|去哪)(?:告|反映|曝光)(?!诉)|(?:店|商家|商户|师傅"
        r"|回收员|老板|卖家)[^,，。?？]{0,8}(?:骗(?:了)?我|坑(?:了)?我|态度|不给(?:我)?(?:补"
        r"|减|用|退|开)|乱收费|多收|不认(?:券|账)?|不让用|拒绝|赖账|耍赖)|(?:被"
        r"|遭)[^,，。]{0,6}(?:骗|坑)了?",
        unless=r"^(?:如果|要是)?商家先?提价",
    ),
    finish=complain,
    needs_sign_in="登记投诉要先登录，工作人员才能受理并联系您。也可以登录后转人工说。",
)

human = Skill(
    name="human",
    wanted=says(
        r"人工(?!智能)|客服(?!电话|号码|热线)|真人|转接|坐席|活人|(?:找|要|换|叫|转|跟|和|与"
        r"|让)(?:一?[个位名])?(?:工作人员|人)(?:来)?(?:说|聊|谈|问|服务|处理|对话|讲|沟通|接"
        r"|帮|$|吧|解决)|(?:不想|不要)(?:跟|和)?机器人?(?:说|聊|回答)?|联系(?:一下)?工作人员"
        r"|工作人员(?:在吗|呢)"
    ),
    finish=hand_over,
    needs_sign_in="转人工客服要先登录，工作人员才知道回复给谁。登录后说「人工」就行。",
)
