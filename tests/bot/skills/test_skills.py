"""Which skill a message wakes, in people's own words."""

from __future__ import annotations

import pytest

from bot.dialogue import Dialogue, Memory
from bot.ports import Caller
from tests.fakes.city import FakeCity

SAID = {
    "wallet": "我的券/钱包/查额度/我还能补多少/我抢到的券去哪了/我有券吗/我的優惠券在哪",
    "claim": "帮我抢一张券/领券/我要领消费券/給我來一張券/马上抢券",
    "drops": "今天有券抢吗/下一场什么时候/还剩多少张券/券抢完了吗/距离开抢还有多久/10月16号还发券吗",
    "reminder": "到时候提醒我抢券/开抢前叫我/设个提醒/提前半小时喊我抢券/下次发券通知我一声"
    "/我的提醒/看看我设的提醒/我设了哪些提醒",
    "reminder_cancel": "取消提醒/别提醒了/把提醒取消/退订提醒",
    "book_pickup": "预约上门回收/明天上午来收旧冰箱/我家有台旧电视要处理"
    "/怎么预约上门回收/叫人来收旧空调/旧洗衣机想叫人上门拉走",
    "cancel_booking": "取消预约/我不想约了/别来收了/明天的回收不要了/把我的预约退了",
    "reschedule": "改预约时间/换个时间上门/推迟一天上门/明天没空，换一天/把回收改到下周二",
    "booking_status": "我的预约/师傅几点到/预约进度/怎么还没来/我约的是几点",
    "estimate": "旧冰箱值多少钱/估个价/二手电视回收价多少/旧沙发收多少钱",
    "points": "附近哪里有回收点/旧电视送哪去/哪里可以回收旧家电",
    "shops": "哪些店可以用券/哪家店能用消费券/附近的商家/商家名单",
    "complaint": "我要投诉/店家骗我/商家不认券怎么办/回收师傅乱收费",
    "human": "转人工/找客服/我要跟人说话/有真人吗",
    "smalltalk": "你好/你是谁/讲个笑话/再见/666/今天星期几/你真聪明",
    "quote": "五千二的冰箱能便宜多少/9999的冰箱/想拿满最高补贴要买多少钱的/一家三口最多补多少",
    "answer": "以旧换新能上门回收吗/补贴怎么算/9月1号领的券哪天过期/11月还能买吗有补贴没",
}


@pytest.mark.parametrize(
    ("text", "intent"), [(text, intent) for intent, texts in SAID.items() for text in texts.split("/")]
)
async def test_a_message_wakes_its_skill(dialogue: Dialogue, city: FakeCity, text: str, intent: str) -> None:
    reply = await dialogue.answer(text, Memory(), Caller("resident-1", "yangling"), city)

    assert reply.intent == intent
