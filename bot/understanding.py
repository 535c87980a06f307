"""What a message says beside its question: yes, no, stop, things, halves of a day, addresses."""

from __future__ import annotations

import re
import unicodedata

from bot.days import number
from faq.categories import Categories

LONGEST_ADDRESS = 80

_TAIL = r"[的了吧呀啊哦呢哈嘛啦!！。.~～,，\s]*"
_YES = re.compile(
    r"(?:嗯+|对+|是|是的|对的|确认|确定|好+|好的|好滴|好嘞|好呀|可以|行|行的|没错|没问题"
    r"|就这样|就这个|就它|就它吧"
    r"|ok|okay|yes|y|要|要的|需要|约|订|约上|帮我约|成|中|得|妥|妥妥|同意|可|好哒|得嘞|要得"
    r"|没毛病|1|好[,，]?确认|确认预约|确认取消"
    r"|是[,，]确认|嗯[,，]?(?:好|对|可以|行|是)|对[,，]?(?:是|就)这样|👌|👍)" + _TAIL
)
_NO = re.compile(
    r"(?:不|不是|不对|不行|不要|不好|不可以|不确认|不确定|先不|先别|错|错了|不太对|no|n|否"
    r"|别|不需要|不合适|有误|写错了)" + _TAIL
)
_STOP = re.compile(
    r"算了|不约|不弄|不办|不想约|不预约|不收了|不改了|不取消了|不用了|不要了|不用约|先不约"
    r"|没事了|再说吧|下次(?:再说|吧)|放弃|退出|停止|停下|打住|结束"
)
_ENOUGH = rf"(?:{_STOP.pattern}|不想?(?:说|写|聊|投诉|转|找|问|登记)(?:人工|人)?了?)"
_STOP_ALONE = re.compile(rf"(?:那就?|就|我|先|还是|都|嗯|好的?)?(?:{_ENOUGH}[吧,，。\s]*)+" + _TAIL)
_STOP_WHOLE = re.compile(r"(?:先)?(?:取消|停|不用|不要|拉倒|免了|别约|别约了|取消吧|不搞了|取消预约)" + _TAIL)
_QUESTION = re.compile(
    r"[?？]|吗|呢$|多少|多久|多长|要不要|用不用|什么|啥|怎么|咋|哪|谁|几[点号天个台家千百块成级件张次]|为何|为什么|([\u4e00-\u9fff])不\1|有没有|可不可以|[能行要给补收管用领抢买][^,，。]{0,6}不$|了没$"
)
_HALVES = (
    ("morning", re.compile(r"上午|早上|早晨|清早|一早|明早|今早|早点")),
    ("afternoon", re.compile(r"下午|午后|中午|晌午")),
    ("evening", re.compile(r"晚上|傍晚|夜里|今晚|明晚|晚间|下班后")),
)
_ANY_HALF = re.compile(r"都可以|都行|随便|随时|全天|什么时候都|哪天都")
_HOUR = re.compile(r"(?<!\d)(\d{1,2}|[一二两三四五六七八九十]{1,3})(?:点|时(?!间|候)|:\d\d)")

_DURATION = re.compile(r"(?<!\d)(\d{1,3}|[一二两三四五六七八九十]{1,3})\s*个?(分钟|分|小时|钟头|天)")
_MINUTES_OF = {"分钟": 1, "分": 1, "小时": 60, "钟头": 60, "天": 24 * 60}

_PLACE_MARK = (
    r"(?:路|街|巷|小区|社区|村|弄|胡同|苑|花园|家园|公寓|大厦|广场|镇|乡|家属院|校区|大学"
    r"|号院|号楼|栋|幢|单元|室|组|新城|名邸|府|庄)"
)
_ADDRESS_LEAD = re.compile(r"^(?:地址|住址|应该|改成|改到|改为|换成|换到|在|是|来|到|的|我家|[:：\s])+")
_STRONG_MARK = re.compile(
    r"路\S*\d|街\S*\d|巷\S*\d|\d+\s*(?:号|栋|幢|单元|室|弄|楼)|小区|社区|家属院|花园|家园"
    r"|公寓|大厦|广场|苑|新城|名邸|[东南西北]路|大道|大街|\S{2,}(?:村|路|街|巷|镇|庄)"
)
_ADDRESS_SAID = re.compile(r"(?:我家|家里|我)?(?:的)?(?:地址|住址|住处)(?:是|在|为|[:：])?\s*(.{2,})")
_BEFORE_ADDRESS = re.compile(
    r"^.*?(?:我家住在|我家在|我家住|我们家在|家住在|家住|家在|住在|我住|住|来到|过来|来|到|在|去)(?=\S*?"
    + _PLACE_MARK
    + ")"
)
_AFTER_ADDRESS = re.compile(
    r"(?:来?上门)?(?:来|去)?(?:收|拉|取|回收|搬|拆)(?:一下|走|旧|个|台|掉|我|家|老|空|冰|洗"
    r"|电|沙|床).*$|(?:上门).*$"
)
_TIME_WORDS = re.compile(
    r"(?:大?后天|[今明][天日早晚]|(?:下下?|上上?|这|本)?个?(?:周|星期|礼拜)[一二三四五六日天末]"
    r"|(?:[0-9一二三四五六七八九十]{1,3}|下个?|这个?|本)月(?:底|[0-9一二三四五六七八九十]{1,3}[号日]?))"
    r"|(?:上午|下午|晚上|中午|早上|傍晚)(?:\d{1,2}点)?"
)


def things(text: str, categories: Categories) -> list[str]:
    """The keys of what is named, each once; what stands behind 不是 is not meant."""
    keys = [
        mention.category.key
        for mention in categories.mentions(text)
        if not re.search(r"(?:不是|不要|别收|去掉|不收)(?:那?[个台件])?(?:旧|老)?$", text[: mention.start])
    ]
    return list(dict.fromkeys(keys))


def says_yes(text: str) -> bool:
    """Somebody agrees, and says nothing else."""
    return _YES.fullmatch(text.strip().lower()) is not None


def says_no(text: str) -> bool:
    """Somebody disagrees, and says nothing else."""
    return _NO.fullmatch(text.strip().lower()) is not None


def says_stop(text: str, *, alone: bool = False) -> bool:
    """Somebody wants to end what is under way; `alone`: and says nothing else."""
    text = text.strip()
    if _STOP_WHOLE.fullmatch(text):
        return True
    if len(text) > 14:
        return False
    return (_STOP_ALONE.fullmatch(text) if alone else _STOP.search(text)) is not None


def asks(text: str) -> bool:
    """A message that sounds like a question."""
    return _QUESTION.search(text) is not None


def half(text: str) -> str | None:
    """morning, afternoon, evening, or any where it does not matter."""
    found = [(match.start(), name) for name, pattern in _HALVES for match in pattern.finditer(text)]
    if found:
        return max(found)[1] if re.search(r"不是|不行|改|换", text) else min(found)[1]
    return "any" if _ANY_HALF.search(text) else None


def hour(text: str) -> int | None:
    """The hour somebody names, of 24; 下午3点 is 15."""
    match = _HOUR.search(text)
    said = number(match.group(1)) if match else None
    if said is None or said > 24:
        return None
    return said + 12 if said < 12 and half(text) in ("afternoon", "evening") else said


def address(raw: str) -> str | None:
    """An address that is clearly one, cut out of whatever stands around it."""
    text = tidy(raw)
    said = _ADDRESS_SAID.search(text)
    if said and not asks(text):
        return _address_or_none(re.split(r"[。；;\n]", said.group(1))[0])
    for piece in re.split(r"[,，。；;、!！?？\n]", text):
        if asks(piece):
            continue
        piece = _TIME_WORDS.sub("", piece)
        piece = _BEFORE_ADDRESS.sub("", piece, count=1)
        piece = _AFTER_ADDRESS.sub("", piece)
        if _STRONG_MARK.search(piece):
            return _address_or_none(piece)
    return None


def address_when_asked(raw: str) -> str | None:
    """The answer to 「地址是哪里」: anything that could be a place."""
    text = tidy(raw)
    clear = address(text)
    if clear:
        return clear
    if asks(text) or says_yes(text) or says_no(text) or says_stop(text):
        return None
    bare = re.sub(r"^(?:我家|我们家|家)?(?:就)?(?:住在|住|在|是)", "", text).strip()
    if not _TIME_WORDS.sub("", bare).strip(" 的吧了,，。"):
        return None
    return bare[:LONGEST_ADDRESS] if len(bare) >= 3 and re.search(r"[\u4e00-\u9fff]{2}", bare) else None


def minutes(text: str) -> int | None:
    """How long before something somebody wants to know: 提前15分钟, 提前半小时."""
    if "半小时" in text or "半个小时" in text or "半个钟" in text:
        return 30
    if re.search(r"一刻钟", text):
        return 15
    match = _DURATION.search(text)
    count = number(match.group(1)) if match else None
    if match is None or not count:
        return None
    return count * _MINUTES_OF[match.group(2)]


def tidy(raw: str) -> str:
    """What somebody typed, in one width and without control characters, their own characters kept."""
    text = unicodedata.normalize("NFKC", raw)
    return re.sub(r"\s+", " ", "".join(sign if sign.isprintable() else " " for sign in text)).strip()


def _address_or_none(text: str) -> str | None:
    text = _ADDRESS_LEAD.sub("", text).strip(" 的,，。")
    return text[:LONGEST_ADDRESS] if len(text) >= 3 else None
