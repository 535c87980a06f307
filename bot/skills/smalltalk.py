"""Greetings, thanks, laughter and whatever else is not about the programme."""

from __future__ import annotations

import re

from bot.replies import Reply
from bot.skill import Skill, Turn

_ABOUT_THE_TRADE = re.compile(
    r"补|券|享受|到点|通知|家电|家具|家居|以旧换新|换新|回收|政策|方案|文件|商家|门店|预约|上门|提醒|领|抢"
    r"|旧|报废|汽车|二手|核销|额度|申请|活动|装修|能效|投诉|退货|发票|优惠|价|钱|质量|产品|小程序|验证码|页面"
    r"|农机|设备|租赁|贷款|企业|部门|局|标准|目标|元|截止|下乡|售后|维修|电话|人工|客服"
)
_END = r"[\s呀啊吖哦噢喔哈嘿呢啦了吧嘛的么呗哟们~～!！.。,，?？…]*"

_SAID: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), reply)
    for pattern, reply in (
        (
            r"不想活|活不下去|想死|自杀|轻生",
            "听您这么说，我很担心。请马上跟身边的人说一说；要紧的时候打 110 或 120，他们能赶来帮您。",
        ),
        (
            r"^(?:非常|太|十分|真是|真的|万分|多)?(?:感谢|谢谢?|多谢|谢啦|谢了|3q|thx"
            r"|thanks?(?: you)?|thank|蟹蟹|谢谢侬|唔该|辛苦|麻烦)(?:您|你|了|啦|你们|哈|啊"
            r"|咯|哒|大家|侬)*(?![^,，。!！]{0,6}(?:帮我|问))"
            r"|帮(?:了)?大忙|太好了|真棒|棒棒|厉害|好人|点赞|给力|不错哦?$|你真好|很有用|有帮助",
            "不客气，有补贴、领券或者上门回收的事，随时问我。",
        ),
        (
            r"^(?:再见|再会|拜拜?|88|回见|回聊|改天(?:再)?聊|先走了?|溜了"
            r"|撤了|下线了|bye(?: ?bye)?|晚安|下次聊|走了|先这样|没事了|没有了"
            r"|没了|不用了|没别的了)" + _END + r"$",
            "好的，再见。要用的时候随时来找我。",
        ),
        (
            r"^(?:哈|呵|嘿嘿|嘻|笑死|233+|hh+|hahaha|哈哈|lol|😂|🤣|😄|😁|😊)+.{0,6}$",
            "看您心情不错。想了解补贴、领券或者上门回收，直接说就行。",
        ),
        (
            r"天气|下雨|气温|多少度(?!的)|几度|冷不冷|热不热|刮风|下雪|雾霾|穿什么|星期几"
            r"|几点了|几点钟了|几号了|什么日子",
            "天气我看不到，出门前请看一眼天气预报。补贴、领券、上门回收的事，我都可以帮忙。",
        ),
        (
            r"(?:你|您|侬).{0,4}(?:是谁|是什么(?:东西|人)?|叫什么|叫啥|什么名字|叫什么名"
            r"|是机器人|是人|是真人|是男|是女|几岁|多大|哪里人|是不是人|谁做的|谁开发|是ai"
            r"|能干|会什么|会啥|能做|能帮|有什么功能|会做什么|有啥用|可以做什么|会干)"
            r"|自我介绍|介绍.{0,3}你自己|^(?:帮助|help|功能|菜单|怎么用你|使用说明)$",
            "我是焕新的智能助手。我能答家电家居以旧换新的政策，算补贴，查发券时间，设抢券提醒，约上门回收。您想办哪一件？",
        ),
        (
            r"^(?:你们?|这|这是|都|全|真|就|大|一群|一帮|简直)*(?:是|个|一个|帮|群|在)*(?:骗子|骗人|骗钱|骗老百姓|骗局|忽悠人?|坑人|坑爹"
            r"|诈骗)(?:的|吧|吗|啊|呀|公司|平台|程序|不)*[!！?？。]*$",
            "让您不放心了，对不起。我说的政策都出自公开的政府文件，每条都注明出处；领券不收钱，我也不会向您要密码和验证码。"
            "遇到可疑的人或者店，跟我说「投诉」；想找工作人员，说「人工」。",
        ),
        (
            r"什么破|破(?:玩意|东西|程序|软件|机器人|平台)|辣鸡|去你的|恶心|闭嘴|混蛋|不要脸|草泥|操你|卧槽|我靠|有毛病"
            r"|笨|傻|蠢|烦人|[啥什么]*都不(?:懂|会|知道)|一问三不知|(?<!装修)(?<!大件)(?<!生活)(?<!建筑)垃圾(?!分类|桶|投放|站|点|怎么|往|扔|处理|清运|车)|(?<!危险)(?<!固体)废物(?!回收|处理|处置|资源|循环|利用|站|点)|滚|智障|白痴|没用|神经|有病|脑残|差劲|什么玩意|啥玩意|sb"
            r"|他妈|tmd|nmsl|妈的|去死|讨厌|烦死|气死|无语|呸|狗屁|弱智|人工智障|白搭"
            r"|答非所问|听不懂人话|没帮到",
            "没帮上您，对不起。请换个说法告诉我要办什么，或者说「人工」找工作人员。",
        ),
        (
            r"(?:你|您)?(?:会|能|可以).{0,3}(?:唱|跳|讲|说|画|写|背|玩|下棋|做饭|聊天|翻译"
            r"|陪).{0,6}|(?:唱|跳|讲|说|来(?!一?个人)|背|念)(?:一?[首个段支]|首).{0,5}|讲(?:个)?笑话"
            r"|唱歌|跳舞|聊(?:聊天|会儿|一会)|陪我|无聊|我爱你|喜欢[你我]|爱[你我]吗?|做我(?:女|男)朋友"
            r"|结婚|女朋友|男朋友|吃(?:了|饭)(?:吗|没)|吃(?:点)?(?:什么|啥)|等于几|一加一|睡(?:了|觉)|星座|股票|彩票"
            r"|足球|比赛|电影|游戏|新闻|放首歌|听歌|讲故事|算命|漂亮|好看|帅|可爱|生日快乐"
            r"|么么|哇塞|哇哦|牛[啊逼掰x]?$|(?:你们?|哪[个家]|什么)(?:的)?(?:公司|老板)|工资|上班|你妈|你爸|作业|高考|编程"
            r"|代码",
            "这个我不会，我只懂以旧换新的事：政策、补贴、领券、上门回收。您可以问我这些。",
        ),
        (
            r"^(?:(?:你|您|大家)好|您们好|hi|hello|hey|嗨|哈喽|哈罗|喂|在吗|在么|在不|在不在"
            r"|有人吗|有人在吗|在嘛|早上好|早安|上午好|中午好|下午好|晚上好|早|亲|小助手"
            r"|小布|小度|小爱(?:同学)?|siri|你好小\S|新年好|节日快乐|新年快乐|中秋快乐"
            r"|国庆快乐|侬好|雷猴|吃了[吗没])+(?:同学|老师|师傅|朋友)?" + _END + r"$",
            "您好，我是焕新的智能助手。补贴怎么算、券几点发、预约上门回收，都可以问我。",
        ),
        (
            r"^(?:嗯+|好[的滴哒嘞]?|知道了|明白了?|懂了|行|了解|ok)[,，]?(?:谢|多谢|感谢|3q)|^(?:嗯+|哦+|噢+|喔+|啊+|好+|好的|好吧|好滴|行|行吧|知道了"
            r"|明白了?|了解了?|收到"
            r"|懂了|ok|okay|可以|对|是的?|没错|好嘞|原来如此|这样啊?|666+|6|不错|确认|不"
            r"|不是|不对|没有|不要|不行|呃|额|唉|哎|哎呀(?:妈呀)?|妈呀|天哪|天啊|我的天|我去)" + _END + r"$",
            "好的。还想了解什么，直接说就行，比如「券几点发」「预约上门回收」。",
        ),
        (
            r"^(?:测试|test|试试|试一下|1|11+|123+|a+|。|\.|你猜|随便(?:问问|看看)?|逛逛)$",
            "我在。想问补贴、领券还是上门回收？",
        ),
    )
)
_KEYS = re.compile(r"[a-z]{4,}|[a-z]*[\d\W_]*[a-z]{2,}[\d\W_]*|\d{5,}")
_NOT_READ = "这句我没看懂。请用一句话告诉我要办什么，比如「券几点发」「预约上门回收」。"
SORRY = "让您着急了，对不起。"
_OUTBURST = (
    r"(?:(?:真的?是?|太|好|我)*(?:气死|烦死|急死|气人|烦人|坑人|坑爹|无语|服了|心累|生气|崩溃|郁闷|让人失望)(?:我|人)?"
    r"(?:了|啦)*|什么(?:破|鬼|垃圾|狗屁)(?:活动|平台|政策|东西|玩意|程序)?|搞什么(?:鬼|名堂)?)"
)
_OUTBURST_AROUND = re.compile(rf"^{_OUTBURST}[,，。!！~\s]+|[,，。!！~\s]+{_OUTBURST}[!！。~]*$")
_ADDRESSED = re.compile(r"你|您|我|咱|今天|明天")
_GREETING = re.compile(
    r"^(?:你好|您好|hi|hello|哈喽|嗨|喂|在吗|早上好|上午好|下午好|晚上好|谢谢(?:你|您)?|好的"
    r"|请问一?下?|麻烦问一?下?|打扰一下|打扰了|我?(?:就是?|只是?)?想?(?:请)?(?:问|咨询|了解|知道)一?[下你]|我?(?:就|只)(?:想)?问你?|我想(?:问|知道"
    r"|了解)|咨询一下|问一下|问下|那个|小助手"
    r"|嗯|哦|亲)[,，!！。.、\s呀啊]*"
)


def without_greeting(text: str) -> str:
    """The question behind 你好，请问; a text that is nothing else stays as it is."""
    rest = text
    while match := _GREETING.match(rest):
        rest = rest[match.end() :]
    thanks = text.startswith("谢谢") and _ABOUT_THE_TRADE.search(rest) is None
    return text if thanks else rest or text


def without_outburst(text: str) -> tuple[str, bool]:
    """What somebody wants behind 气死我了，and whether they were upset; a bare outburst stays as it is."""
    rest = _OUTBURST_AROUND.sub("", text)
    return (rest, True) if rest and rest != text else (text, False)


def response(text: str) -> str | None:
    """What to say to small talk, None where the message is about the trade."""
    bare = text.strip()
    if not re.search(r"[\w]", bare):
        return "我在呢。想问补贴、领券还是上门回收？"
    if _ABOUT_THE_TRADE.search(bare):
        return None
    said = next((reply for pattern, reply in _SAID if pattern.search(bare)), None)
    return said or (_NOT_READ if _KEYS.fullmatch(bare) else None)


def nothing_to_do_with_us(text: str) -> bool:
    """A short remark without a single word of the trade."""
    if _ABOUT_THE_TRADE.search(text):
        return False
    return len(text) <= 3 or (len(text) <= 12 and _ADDRESSED.search(text) is not None)


def reply(text: str) -> Reply:
    """A friendly word, and what the bot can be asked."""
    return Reply(
        response(text) or "我只懂以旧换新的事：政策、补贴、领券、上门回收。您想问哪一样？", "smalltalk"
    )


async def chat(turn: Turn) -> Reply:
    return reply(turn.text)


skill = Skill(name="smalltalk", wanted=lambda turn: response(turn.text) is not None, finish=chat)
