"""Points as staff keep them in a spreadsheet: which columns there are, and what is wrong with a row."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from faq.categories import Categories
from miniapi import sheets
from miniapi.merchants import hours
from miniapi.merchants.hours import HoursUnclear, Opening
from miniapi.merchants.models import PointKind
from miniapi.sheets import Column, Line, Wrong

COLUMNS = (
    Column("name", "名称"),
    Column("district", "区域"),
    Column("address", "地址"),
    Column("lat", "纬度"),
    Column("lon", "经度"),
    Column("kind", "类型"),
    Column("categories", "品类"),
    Column("hours", "开放时间"),
    Column("phone", "电话", needed=False),
)
KINDS = {
    "社区回收点": PointKind.COMMUNITY,
    "回收站": PointKind.STATION,
    "门店": PointKind.SHOP,
    "维修服务点": PointKind.SERVICE,
}
KIND_NAMES = {kind: name for name, kind in KINDS.items()}
LATITUDES, LONGITUDES = (3.0, 54.0), (73.0, 136.0)  # degrees, all of China
LONGEST = {"name": 100, "district": 50, "address": 200}  # characters
EVERYTHING = "全部"

_PHONE = re.compile(r"[0-9][0-9-]{4,18}[0-9]")
_BETWEEN = re.compile(r"[、，,;；/|\s]+")


@dataclass(frozen=True, slots=True)
class Described:
    """A point as a row describes it."""

    name: str
    district: str
    address: str
    lat: float
    lon: float
    kind: PointKind
    categories: tuple[str, ...]  # keys
    openings: tuple[Opening, ...]
    phone: str | None


def read(content: bytes, categories: Categories) -> tuple[list[Described], list[Wrong]]:
    """What the good rows of a file describe, and the others. Raises SheetUnreadable."""
    points: dict[str, Described] = {}
    numbers: dict[str, int] = {}
    wrong = []
    for line in sheets.read(content, COLUMNS):
        try:
            point = _described(line, categories)
            if point.name in numbers:
                raise _Bad(f"与第 {numbers[point.name]} 行同名")
        except _Bad as bad:
            wrong.append(Wrong(line, str(bad)))
            continue
        points[point.name], numbers[point.name] = point, line.number
    return list(points.values()), wrong


class _Bad(Exception):
    """What is wrong with a row."""


def _described(line: Line, categories: Categories) -> Described:
    cells = line.cells
    return Described(
        name=_text(cells, COLUMNS[0]),
        district=_text(cells, COLUMNS[1]),
        address=_text(cells, COLUMNS[2]),
        lat=_degrees(cells["lat"], "纬度", LATITUDES),
        lon=_degrees(cells["lon"], "经度", LONGITUDES),
        kind=_kind(cells["kind"]),
        categories=_categories(cells["categories"], categories),
        openings=_openings(cells["hours"]),
        phone=_phone(cells.get("phone", "")),
    )


def _text(cells: Mapping[str, str], column: Column) -> str:
    if not (cell := cells[column.key]):
        raise _Bad(f"{column.heading}没有填")
    if len(cell) > LONGEST[column.key]:
        raise _Bad(f"{column.heading}最多 {LONGEST[column.key]} 个字")
    return cell


def _degrees(cell: str, named: str, within: tuple[float, float]) -> float:
    least, most = within
    try:
        degrees = float(cell)
    except ValueError:
        raise _Bad(f"{named}应为小数，例如 {(least + most) / 2:.4f}") from None
    if not least <= degrees <= most:
        raise _Bad(f"{named}应在 {least:.0f} 到 {most:.0f} 之间，请看看经纬度有没有写反")
    return degrees


def _kind(cell: str) -> PointKind:
    named = KINDS.get(cell) or next((kind for kind in PointKind if kind.value == cell), None)
    if named is None:
        raise _Bad(f"类型应为{'、'.join(KINDS)}之一")
    return named


def _categories(cell: str, categories: Categories) -> tuple[str, ...]:
    if cell == EVERYTHING:
        return tuple(category.key for category in categories.all)
    words = [word for word in _BETWEEN.split(cell) if word]
    if not words:
        raise _Bad(f"品类没有填，什么都收的请写“{EVERYTHING}”")
    keys = []
    for word in words:
        if (found := categories.named(word)) is None:
            raise _Bad(f"没有“{word[:20]}”这个品类")
        keys.append(found.key)
    return tuple(dict.fromkeys(keys))


def _openings(cell: str) -> tuple[Opening, ...]:
    try:
        openings = tuple(hours.read(cell))
    except HoursUnclear as unclear:
        raise _Bad(f"开放时间{unclear}") from None
    if not openings:
        raise _Bad("开放时间没有填")
    return openings


def _phone(cell: str) -> str | None:
    if not cell:
        return None
    if not _PHONE.fullmatch(cell):
        raise _Bad("电话应为 6 到 20 位数字，可以有短横线")
    return cell
