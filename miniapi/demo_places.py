"""Invented recyclers, dismantlers, licences, points and prices of the five regions, all marked as demo.

The files in `demo_data` are what the bureau and a recycler would send, and are read as theirs are.
"""

from collections.abc import Mapping
from datetime import date, datetime
from importlib.resources import files

from tortoise.expressions import Q

from faq.categories import Categories
from faq.packs import Library
from miniapi.clock import SHANGHAI
from miniapi.merchants import point_files, price_files, pricing
from miniapi.merchants.actions import put_points
from miniapi.merchants.licensing import HELD_BY
from miniapi.merchants.models import Licence, LicenceKind, Merchant, MerchantKind, Point

RECYCLERS: Mapping[str, tuple[str, ...]] = {
    "yangling": ("示例再生资源公司", "示例绿色回收站", "示例旧物回收服务队"),
    "jining": ("示例济宁再生资源公司", "示例任城回收站"),
    "qingzhou": ("示例青州再生资源公司", "示例云门回收站"),
    "chongqing": ("示例重庆再生资源公司", "示例渝中回收站"),
    "liaoning": ("示例辽宁再生资源公司", "示例沈阳回收站"),
}
DISMANTLERS: Mapping[str, str] = {
    "yangling": "示例杨凌拆解公司",
    "jining": "示例济宁拆解公司",
    "qingzhou": "示例青州拆解公司",
    "chongqing": "示例重庆拆解公司",
    "liaoning": "示例辽宁拆解公司",
}
LICENSED_FOR = 3  # years
PAPERS: Mapping[LicenceKind, str] = {
    LicenceKind.RECYCLING: "示例回收备案",
    LicenceKind.DISMANTLING: "示例拆解资格",
}
TABLES = ("prices-1.csv", "prices-2.csv")  # of the first recyclers of a region; others publish none
DATA = files("miniapi") / "demo_data"


async def load(library: Library, *, at: datetime) -> None:
    """Load what is missing; what is there already stays. Call it inside a transaction."""
    for region, names in RECYCLERS.items():
        await _load_recyclers(region, names)
        await _load_dismantler(region)
        await _load_licences(region, at)
        await _load_points(region, library.categories)
        for name, table in zip(names, TABLES, strict=False):
            await _load_prices(await _recycler(region, name), table, library.categories, at)


async def _load_recyclers(region: str, names: tuple[str, ...]) -> None:
    recyclers = [
        Merchant(
            region=region,
            kind=MerchantKind.RECYCLER,
            name=name,
            address=f"示例街道 {number} 号",
            demo=True,
        )
        for number, name in enumerate(names, start=6)
    ]
    await Merchant.bulk_create(recyclers, ignore_conflicts=True)


async def _load_dismantler(region: str) -> None:
    dismantler = Merchant(
        region=region,
        kind=MerchantKind.DISMANTLER,
        name=DISMANTLERS[region],
        address="示例工业园 1 号",
        demo=True,
    )
    await Merchant.bulk_create([dismantler], ignore_conflicts=True)


async def _load_licences(region: str, at: datetime) -> None:
    """What each of them needs, good for years, where it has none."""
    for kind, holder in HELD_BY.items():
        holders = await Merchant.filter(region=region, kind=holder, demo=True).order_by("name")
        for number, merchant in enumerate(holders, start=1):
            if not await Licence.exists(merchant_id=merchant.id, kind=kind):
                await _load_licence(merchant, kind, number, at)


async def _load_licence(merchant: Merchant, kind: LicenceKind, number: int, at: datetime) -> None:
    year = at.astimezone(SHANGHAI).year
    await Licence.create(
        merchant=merchant,
        kind=kind,
        number=f"{PAPERS[kind]}〔{year}〕{number}号",
        valid_until=date(year + LICENSED_FOR, 12, 31),
        added_at=at,
    )


async def _recycler(region: str, name: str) -> Merchant:
    return await Merchant.get(region=region, kind=MerchantKind.RECYCLER, name=name)


async def _load_points(region: str, categories: Categories) -> None:
    """Points of a demo of before have no district: they are described anew, those of the bureau are not."""
    described, wrong = point_files.read(_content(f"points-{region}.csv"), categories)
    if wrong:
        raise ValueError(f"points-{region}.csv: {wrong[0]}")
    kept = Point.filter(Q(demo=False) | Q(district__isnull=False), region=region)
    names = {point.name for point in await kept}
    await put_points(region, [point for point in described if point.name not in names], demo=True)


async def _load_prices(recycler: Merchant, table: str, categories: Categories, at: datetime) -> None:
    rows, wrong = price_files.read(_content(table), categories)
    if wrong:
        raise ValueError(f"{table}: {wrong[0]}")
    if await pricing.of_recycler(recycler, at=at) is None:
        await pricing.put_prices(recycler, rows, at=at)


def _content(name: str) -> bytes:
    return DATA.joinpath(name).read_bytes()
