"""A recycler's prices as it keeps them in a spreadsheet: which columns there are, what is wrong with a row.

Any cell but the category and the two prices may be empty: then the row holds for any size, age or state.
Prices are in yuan, as people write them.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from faq.categories import Categories
from miniapi import sheets
from miniapi.merchants.models import Size
from miniapi.money import Fen, in_yuan
from miniapi.sheets import Column, Line, Wrong

COLUMNS = (
    Column("category", "品类"),
    Column("size", "大小", needed=False),
    Column("from_years", "年数起", needed=False),
    Column("under_years", "年数不满", needed=False),
    Column("works", "能否使用", needed=False),
    Column("low_yuan", "最低价"),
    Column("high_yuan", "最高价"),
    Column("note", "说明", needed=False),
)
SIZES = {"小": Size.SMALL, "中": Size.MEDIUM, "大": Size.LARGE}
SIZE_NAMES = {size: name for name, size in SIZES.items()}
WORKS = {"能": True, "能用": True, "是": True, "不能": False, "不能用": False, "否": False}
MOST_ROWS = 500  # each is compared with all before it
OLDEST = 60  # years
DEAREST = Fen(10_000_000)  # 100,000 yuan for one old thing
LONGEST_NOTE = 100  # characters

_YUAN = re.compile(r"([0-9]{1,6})(?:\.([0-9]{1,2}))?")


@dataclass(frozen=True, slots=True)
class Priced:
    """A range of prices, and what it is for; `under_years` is the first age it is not for any more."""

    category: str
    size: Size | None
    from_years: int
    under_years: int | None
    works: bool | None
    low: Fen
    high: Fen
    note: str | None

    def meets(self, other: "Priced") -> bool:
        """Whether there is an old thing that both are for."""
        return (
            self.category == other.category
            and _alike(self.size, other.size)
            and _alike(self.works, other.works)
            and (other.under_years is None or self.from_years < other.under_years)
            and (self.under_years is None or other.from_years < self.under_years)
        )


def read(content: bytes, categories: Categories) -> tuple[list[Priced], list[Wrong]]:
    """What the good rows of a file say, and the others. Raises SheetUnreadable."""
    good: list[tuple[int, Priced]] = []
    wrong = []
    for line in sheets.read(content, COLUMNS, most_rows=MOST_ROWS):
        try:
            priced = _priced(line, categories)
            if met := [number for number, before in good if priced.meets(before)]:
                raise _Bad(f"与第 {met[0]} 行说的是同一种旧货")
        except _Bad as bad:
            wrong.append(Wrong(line, str(bad)))
            continue
        good.append((line.number, priced))
    return [priced for _, priced in good], wrong


def written(rows: Iterable[Priced], categories: Categories) -> str:
    """The file that says the same."""
    return sheets.written([column.heading for column in COLUMNS], (_cells(row, categories) for row in rows))


class _Bad(Exception):
    """What is wrong with a row."""


def _priced(line: Line, categories: Categories) -> Priced:
    cells = {column.key: line.cells.get(column.key, "") for column in COLUMNS}
    category = categories.named(cells["category"]) if cells["category"] else None
    if category is None:
        raise _Bad(f"没有“{cells['category'][:20]}”这个品类")
    from_years = _years(cells["from_years"], "年数起") or 0
    under_years = _years(cells["under_years"], "年数不满")
    if under_years is not None and not from_years < under_years:
        raise _Bad("年数不满应大于年数起")
    low, high = _fen(cells["low_yuan"], "最低价"), _fen(cells["high_yuan"], "最高价")
    if high < low:
        raise _Bad("最高价低于最低价")
    if len(cells["note"]) > LONGEST_NOTE:
        raise _Bad(f"说明最多 {LONGEST_NOTE} 个字")
    return Priced(
        category=category.key,
        size=_size(cells["size"]),
        from_years=from_years,
        under_years=under_years,
        works=_works(cells["works"]),
        low=low,
        high=high,
        note=cells["note"] or None,
    )


def _cells(row: Priced, categories: Categories) -> Sequence[str]:
    return (
        categories[row.category].name,
        SIZE_NAMES[row.size] if row.size else "",
        str(row.from_years) if row.from_years else "",
        "" if row.under_years is None else str(row.under_years),
        "" if row.works is None else ("能用" if row.works else "不能用"),
        in_yuan(row.low),
        in_yuan(row.high),
        row.note or "",
    )


def _size(cell: str) -> Size | None:
    if not cell:
        return None
    size = SIZES.get(cell) or next((size for size in Size if size.value == cell), None)
    if size is None:
        raise _Bad(f"大小应为{'、'.join(SIZES)}之一，或空着")
    return size


def _years(cell: str, named: str) -> int | None:
    if not cell:
        return None
    if not cell.isascii() or not cell.isdecimal() or len(cell) > 2 or int(cell) > OLDEST:
        raise _Bad(f"{named}应为 0 到 {OLDEST} 的整数，或空着")
    return int(cell)


def _works(cell: str) -> bool | None:
    if not cell:
        return None
    if cell not in WORKS:
        raise _Bad("能否使用应为能用或不能用，或空着")
    return WORKS[cell]


def _fen(cell: str, named: str) -> Fen:
    said = _YUAN.fullmatch(cell)
    fen = int(said[1]) * 100 + int((said[2] or "").ljust(2, "0")) if said else None
    if fen is None or fen > DEAREST:
        raise _Bad(f"{named}应为 0 到 {in_yuan(DEAREST)} 的金额（元），最多两位小数")
    return Fen(fen)


def _alike(one: object | None, other: object | None) -> bool:
    return one is None or other is None or one == other
