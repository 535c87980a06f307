"""What somebody wants to buy and for how much: 冰箱12000、空调15000; 两台空调，一台2800一台3200."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

from bot.days import DIGITS, number
from faq.amounts import Amount, amounts
from faq.categories import Categories, Mention
from faq.text import plain

MOST_ITEMS = 20

_COUNT = r"(\d{1,2}|[一二两三四五六七八九十]{1,3})\s*(?:台|件|个|套|张|部|组|只|款|样)"
_COUNT_BEHIND = re.compile(rf"{_COUNT}(?!.{{0,3}}[\d各])")
_COUNT_BEFORE = re.compile(
    _COUNT + r"(?:[^\d,，。;；、]{0,6}?[,，](?=各|都是|均|每|单价))?[^\d,，。;；、]{0,6}?(?:各自?"
    r"|都是?|均|每[台件个套张]|单价|一[台件个套张])?(?:是|要|卖|花|价格)?$"
)
_EACH_BEFORE = re.compile(
    r"(?:各自?|都是?|均为?|每[台件个套张]|单价|一[台件个套张])(?:是|要|卖|花|为|价格)?[:：]?$"
)
_OF_BEHIND = re.compile(
    r"\s*(?:的|左右的?|多的?|一[台件个套张]的?|每[台件个套张]的?)\s*[^\d,，。;；、和跟与]{0,6}?$"
)
_JOINED = re.compile(r"^[\s、,，和跟与及还有加上再一1台个件套张]*$")

_USED_BEFORE = re.compile(
    r"(?:已经?|之前|前面|上次|先前|刚才|前两次|前几次|以前)[^\d,，。;；]{0,8}?(?:补贴?|领|用"
    r"|享受|拿|减|抵|省|优惠)(?:了|过|掉|到)*(?:补贴|优惠|掉|的是|有)?(?:共|一共)?$"
    r"|(?:补|领|享受|拿|用)(?:了|过|掉)(?:补贴)?$"
)
_TARGET_BEFORE = re.compile(
    r"(?:拿满|拿到|补满|补够|补到|补足|领满|领到|用满|享满|享受满|想要|想补|要补|想拿|得到"
    r"|达到|凑够|凑满|顶格|封顶|减满|省下|拿)(?:单件|一件|最高|全部|这|那|补贴|上限|的|满)*$"
)
_TARGET_BEHIND = re.compile(
    r"^(?:元|块)?(?:的)?(?:最高|封顶|满额|全额)?(?:补贴|优惠|立减)(?!后|完|以后|之后|了|掉|\d)"
    r"|^(?:元|块)?(?:的)?(?:补贴)?额度(?:全部?|都)?(?:用|花|领|拿|补)(?:光|完|满|掉|足)"
)
_ASKS_PRICE = re.compile(
    r"成交价.{0,4}(?:多少|几)|(?:买|卖|要)了?(?:多少钱|什么价)的|多贵|什么价|售价.{0,3}多少"
)
_ASKS_ORIGINAL = re.compile(
    r"(?:原价|原来|本来|标价|成交价|补(?:贴)?(?:之)?前)[^,，。]{0,4}(?:多少|几|什么价)"
    r"|(?:能|可以|够)买(?:到|得起|个|台)*(?:多少钱|多贵|什么价)的|买了?(?:多少钱|什么价)的"
    r"|[这那][台件个款][^,，。]{0,5}(?:卖|成交)(?:价|的)?是?多少"
)
_PAID_BEFORE = re.compile(
    r"(?:补贴?(?:完|后|以后|之后|过后)|补完|减完|扣完|抵完|到手|实付|付了?|付款|花了?|手里有|手头有|只有|预算)"
    r"(?:的?价格?|价|的|刚好|正好|只|是|要|了|总共|一共|最后|付|花|卖)*$"
)
_FULL_BEFORE = re.compile(r"(?:每|满)$")
_FULL_BEHIND = re.compile(r"[元块]?(?:立?减|优惠|返)")
_OFF_THE_FULL = re.compile(r"满\d[\d,.万千]*[元块]?(?:立?减|优惠|返)$")
_VOUCHER_BEHIND = re.compile(r"^的?(?:代金券|优惠券|抵用券|抵扣券|店铺券|满减券|红包|优惠)")
_BOUGHT_BEHIND = re.compile(r"(?:买|要|来|换|装|订)(?:了|上)?([两二三四五六七八九十]|\d{1,2})[台件个套张]")
_PAUSE = re.compile(
    r"(?<=[\u4e00-\u9fff])(?<![的台件个套张买和跟与加是要])\s+(?=[\u4e00-\u9fff])(?![的元块台件个和跟与加])"
    r"|(?<=\d)\s+(?=[\u4e00-\u9fff])(?![元块的台件个套张多左万千百毛])"
)
_CLAIMED_BEFORE = re.compile(
    r"(?:补贴?(?:完|后|以后|之后|过后)|减完|扣完|抵完)(?:的?价格?|价|的|就|刚好|正好|只|不?是|应该|等于|要|了|付|花)*$"
)
_SUBSIDY_BEFORE = re.compile(r"补贴?(?:拿|领|减|得)?(?:了|到)*我?$|(?:减|省|便宜|优惠|抵)(?:了|掉)我?$")
_LESS_BEFORE = re.compile(
    r"(?:店[里家铺]|商[家场]|厂家|平台|会员|满)?(?:又|再|还|先|另外|已|直接|给)?(?:减|优惠"
    r"|便宜|立减|直降|降|返|抵扣?|让利?|省)(?:了|掉|去|价)?$"
)
_BY_VOUCHER_BEFORE = re.compile(r"(?:券|补贴)[^,，。\d]{0,4}(?:减|抵|省|优惠|便宜|补)(?:了|掉|去)?$")
_GRANTED_BEFORE = re.compile(r"(?:补贴?|减|省|便宜|优惠|抵扣?|返|降)(?:了|掉|去|下来)?$")
_IS_IT_SO = re.compile(r"对不对|对[吗么]|是不是|没错吧|算得对")
_DEAL_BEFORE = re.compile(
    r"(?:成交|成交价|活动价|折后价?|到手价?|实付|实际(?:付|成交|卖)?价?|优惠价|现价|特价"
    r"|促销价|现在卖?|打完折|谈到|谈成|砍到|降到|减到|最后卖)(?:格|是|为|只要|只|卖|了"
    r"|[:：])*$"
)
_LIST_BEFORE = re.compile(
    r"(?:原价|标价|挂牌价|吊牌价|定价|原来|原先|本来|以前卖|门市价|市场价|官方价"
    r"|指导价)(?:格|是|为|卖|要|[:：])*$"
)
_OTHER_PRICE_BEFORE = re.compile(r"[\u4e00-\u9fff]价(?:格|是|为|只要|只|才|[:：])*$")
_DISCOUNT = re.compile(
    r"(?<![\d.])(?:打了?)?(\d(?:\.\d)?|\d\d|[一二三四五六七八九](?:点?[一二三四五六七八九])?)折"
)
_TOTAL_BEFORE = re.compile(
    r"(?:一共|总共|合计|总价|共计|加起来|总计|合起来|打包|一起|一块儿?|套餐|整套)(?:价格?|是|就|只|要|花|卖|算|才)*$"
)
_ONE_OF_THEM = re.compile(r"[一另][台件个套张](?:是|要|卖|花|价格)?$")
_A_HOUSEFUL = re.compile(r"全套家[电具居]|全屋|整屋|一屋子|所有的?家[电具居]|几[样件]家[电具居]")
_ONE_BY_ONE = re.compile(r"分别(?:是|为|要|卖|花)?[:：]?$")
_AND_ANOTHER = re.compile(r"[元块,，、]*(?:还有|另外?|再)?一[台件个套张]")

_PEOPLE = re.compile(
    r"(?<!每)([两二三四五六]|\d)(?:个|口)人|(俩人|两人|我们?俩|咱俩|夫妻|两口子|老两口|小两口|我和(?:我)?(?:老公"
    r"|老婆|爱人|媳妇|妈|爸))(?:俩|两人|二人)?"
)
_EACH_OF_THEM = re.compile(
    r"(?:各自?|每人|一人|都)(?:想|要|准备|打算)?(?:买|换|要|来)(?:了|个)?一?[台件个套张]"
)


@dataclass(frozen=True, slots=True)
class Line:
    """One item at its deal price; the category is unknown where none was named."""

    category: str | None
    price_fen: int


@dataclass(frozen=True, slots=True)
class Basket:
    """All that a message says about money."""

    lines: tuple[Line, ...] = ()
    used_fen: int | None = None  # what the person says was received already
    target_fen: int | None = None  # the subsidy somebody wants to reach
    paid_fen: int | None = None  # what is paid after the subsidy, where the price before it is asked
    together: int = 1  # things of different kinds that have one price between them

    @property
    def total_fen(self) -> int:
        return sum(line.price_fen for line in self.lines)


def with_pauses(raw: str) -> str:
    """A message in plain writing in which a blank between two words still parts them: 空调九千 两样."""
    return plain(_PAUSE.sub("，", raw.strip()))


def asks_original(text: str) -> bool:
    """Whether the price before the subsidy is asked for: 补完4500，原价多少."""
    return _ASKS_ORIGINAL.search(text) is not None


def basket(text: str, categories: Categories) -> Basket:
    """Reads the priced items of a message; the text is already plain."""
    found = amounts(text)
    named = categories.mentions(text)
    used = target = paid = None
    less = total = 0
    has_deal = any(_is_deal(text[: amount.start], text) for amount in found)
    asks_price = _ASKS_PRICE.search(text) is not None
    original = asks_original(text)
    prices: list[Amount] = []
    for amount in found:
        before, behind = text[: amount.start], text[amount.end :]
        if (asks_price or original) and _SUBSIDY_BEFORE.search(before):
            target = amount.fen
        elif original and _PAID_BEFORE.search(before):
            paid = amount.fen
        elif prices and _CLAIMED_BEFORE.search(before):
            continue  # 3000的冰箱补完2700对吧: what somebody reckons is left
        elif _FULL_BEFORE.search(before) and _FULL_BEHIND.match(behind):
            continue  # 满5000减500: what must be bought, not what is
        elif _OFF_THE_FULL.search(before) or (prices and _VOUCHER_BEHIND.match(behind)):
            less += amount.fen
        elif _USED_BEFORE.search(before):
            used = (used or 0) + amount.fen
        elif _TARGET_BEFORE.search(before) or _TARGET_BEHIND.search(behind):
            target = amount.fen
        elif prices and _BY_VOUCHER_BEFORE.search(before):
            continue  # 9800的冰箱用券能减980: what somebody says the voucher brings
        elif prices and not _IS_IT_SO.search(text) and _LESS_BEFORE.search(before):
            less += amount.fen
        elif _GRANTED_BEFORE.search(before):  # 一共能减两千: what comes off, never what is paid
            target = amount.fen
        elif has_deal and _LIST_BEFORE.search(before):
            continue
        elif prices and _sums_up(before[prices[-1].end :], categories):
            total = amount.fen
        elif amount.fen > 0:
            prices.append(amount)
    if has_deal and len({mention.category for mention in named}) < 2:
        prices = _deals(prices, text)
    lines = _lines(text, prices, named)
    if len(lines) == 1 and (more := _BOUGHT_BEHIND.search(text, prices[0].end)):
        lines *= min(number(more.group(1)) or 1, MOST_ITEMS)
    if _EACH_OF_THEM.search(text):
        lines *= people_in(text)
    if not has_deal:
        lines = _discounted(lines, text, less)
    if 0 < total < sum(line.price_fen for line in lines):
        lines = [Line(None, total)]  # sold as one set, cheaper than piece by piece
    together = _priced_together(text, prices[0], named) if len(prices) == 1 else 1
    if len(lines) == 1 and lines[0].category is None and _A_HOUSEFUL.search(text):
        together = MOST_ITEMS
    return Basket(tuple(lines[:MOST_ITEMS]), used, target, paid, together)


def _sums_up(since: str, categories: Categories) -> bool:
    """Whether what follows is the sum of the prices named so far: 冰箱5000洗衣机3000一共8000."""
    return _TOTAL_BEFORE.search(since) is not None and not categories.mentions(since)


def _priced_together(text: str, price: Amount, named: list[Mention]) -> int:
    """How many kinds of things a single price is for: 冰箱和电视一共一万五."""
    before = [mention for mention in named if mention.end <= price.start]
    if _TOTAL_BEFORE.search(text[: price.start]) is None or not _stand_together(text, before):
        return 1
    return max(1, len({mention.category for mention in before}))


def _deals(prices: list[Amount], text: str) -> list[Amount]:
    """The prices really paid for one thing: 六千六的空调打完折五千八."""
    deals = [price for price in prices if _is_deal(text[: price.start], text)]
    return deals if deals and all(one.fen >= deals[0].fen for one in prices) else prices


def people_in(text: str) -> int:
    """For how many people a purchase is; each has a cap of their own."""
    said = _PEOPLE.search(text)
    if said is None:
        return 1
    return (number(said.group(1)) or 1) if said.group(1) else 2


def _is_deal(before: str, text: str) -> bool:
    """Whether what follows is the price really paid: 活动价, or any 店庆价 beside a 标价."""
    if _DEAL_BEFORE.search(before):
        return True
    other = _OTHER_PRICE_BEFORE.search(before) is not None and _LIST_BEFORE.search(before) is None
    return other and re.search(r"原价|标价|挂牌价|吊牌价|定价", text) is not None


def _lines(text: str, prices: list[Amount], named: list[Mention]) -> list[Line]:
    """Each price with the thing it belongs to, as often as it is bought."""
    lines: list[Line] = []
    last_category: str | None = None
    since = 0
    for position, price in enumerate(prices):
        until = prices[position + 1].start if position + 1 < len(prices) else len(text)
        before = text[since : price.start]
        between = [mention for mention in named if since <= mention.start and mention.end <= price.start]
        behind = next((m for m in named if price.end <= m.start and m.end <= until), None)
        if behind is not None and _OF_BEHIND.match(text[price.end : behind.start]):
            keys: tuple[str, ...] = (behind.category.key,)
            count = _count(before) or _count_behind(text[behind.end : until]) or 1
            since = behind.end
        elif between and _EACH_BEFORE.search(before) and _stand_together(text, between):
            keys = tuple(mention.category.key for mention in between)
            count = (_count(before) or 1) if len(between) == 1 else 1
            since = price.end
        elif between:
            keys = (between[-1].category.key,)
            count = _count(before) or 1
            since = price.end
        elif last_category is not None:
            keys, count, since = (last_category,), _count(before) or 1, price.end
        else:
            keys, count, since = (behind.category.key,) if behind else (), _count(before) or 1, price.end
        one_by_one = _ONE_OF_THEM.search(before) and _AND_ANOTHER.match(text, price.end)
        if count > 1 and (one_by_one or _ONE_BY_ONE.search(before)):
            count = 1  # 两张床一张3500一张2500, 三台分别是3000、4000、5000
        if keys:
            last_category = keys[-1]
        fen = price.fen
        if _TOTAL_BEFORE.search(before) and count > 1:
            fen //= count
        lines.extend(Line(key, fen) for key in keys or (None,) for _ in range(min(count, MOST_ITEMS)))
    return lines


def _stand_together(text: str, named: list[Mention]) -> bool:
    """Whether things are listed in one breath: 冰箱、洗衣机各4000."""
    return all(_JOINED.match(text[one.end : other.start]) for one, other in pairwise(named))


def _count(before: str) -> int | None:
    """How many are meant right before a price: 三台各2700, 两台2800的."""
    said = _COUNT_BEFORE.search(before)
    if said is None:
        return None
    count = number(said.group(1))
    return count if count and count <= MOST_ITEMS else None


def discounted(lines: list[Line], text: str) -> list[Line]:
    """The same items where a text takes off a share of the price: 要是打九折呢."""
    return _discounted(lines, text, 0)


def names_discount(text: str) -> bool:
    """Whether a share of the price is named: 九折, 打85折."""
    return _DISCOUNT.search(text) is not None


def _count_behind(behind: str) -> int | None:
    """How many are meant right behind a thing: 3500的空调5台."""
    said = _COUNT_BEHIND.match(behind)
    count = number(said.group(1)) if said else None
    return count if count and count <= MOST_ITEMS else None


def _discounted(lines: list[Line], text: str, less_fen: int) -> list[Line]:
    """Deal prices: what the shop takes off comes before the subsidy."""
    said = _DISCOUNT.search(text)
    tenths = _tenths(said.group(1)) if said else None
    if tenths is not None:
        lines = [Line(line.category, line.price_fen * tenths // 100) for line in lines]
    if less_fen and len(lines) == 1 and lines[0].price_fen > less_fen:
        lines = [Line(lines[0].category, lines[0].price_fen - less_fen)]
    return lines


def _tenths(said: str) -> int | None:
    """A discount in percent of the price left: 八五折 is 85, 9折 is 90."""
    if said.isdigit():
        return int(said) if len(said) == 2 else int(said) * 10
    if "." in said:
        return round(float(said) * 10)
    digits = [DIGITS[sign] for sign in said if sign in DIGITS]
    return digits[0] * 10 + digits[1] if len(digits) == 2 else digits[0] * 10
