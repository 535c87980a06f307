"""The JSON of estimates."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from faq.categories import Categories
from miniapi.categories import CategoryName, category_named
from miniapi.http.answers import Id, Time, written
from miniapi.http.regions import RegionName
from miniapi.http.requests import Body
from miniapi.merchants.models import Size
from miniapi.merchants.price_files import OLDEST
from miniapi.money import Fen
from miniapi.pickup import estimating
from miniapi.pickup.estimating import Basis, Estimate, OldThing

ON_SITE = "这是按回收企业价目表估的范围；最后的价钱由上门的师傅看过实物当面定，不满意可以不卖。"
NO_TABLE = "这里还没有回收企业公布这种旧货的价目，要看过实物才能估价。"


class ThingToEstimate(Body):
    """One old thing: a category by key or Chinese name, and what is known of it."""

    category: CategoryName
    size: Annotated[Size, Field(strict=False)] | None = None
    age_years: Annotated[int, Field(ge=0, le=OLDEST)] | None = None
    works: bool | None = None


class AskEstimate(Body):
    """Old things in one region."""

    region: RegionName
    items: Annotated[list[ThingToEstimate], Field(min_length=1, max_length=10)]

    def things(self, categories: Categories) -> list[OldThing]:
        """The same in our terms. Raises CategoryUnknown."""
        return [
            OldThing(category_named(categories, item.category), item.size, item.age_years, item.works)
            for item in self.items
        ]


class RowJson(TypedDict):
    """A row of a recycler's table, by its number in it, as it was published."""

    number: int
    size: Size | None
    from_years: int
    under_years: int | None
    works: bool | None
    low_fen: Fen
    high_fen: Fen
    note: str | None


class BasisJson(TypedDict):
    """Whose table, since when it holds, and which of its rows; `demo` recyclers are invented."""

    table: Id
    merchant: Id
    merchant_name: str
    demo: bool
    valid_from: Time
    rows: list[RowJson]
    low_fen: Fen
    high_fen: Fen


class EstimatedJson(TypedDict):
    """What one thing may be worth; null where no recycler has published a price, which `note` says."""

    category: str
    category_name: str
    size: Size | None
    age_years: int | None
    works: bool | None
    low_fen: Fen | None
    high_fen: Fen | None
    basis: list[BasisJson]
    note: str


class EstimateJson(TypedDict):
    """What each thing may be worth, and all together; null where one of them has no price."""

    items: list[EstimatedJson]
    low_fen: Fen | None
    high_fen: Fen | None


def estimate_json(estimates: Sequence[Estimate]) -> EstimateJson:
    """Every estimate with its basis, and the sum."""
    total = estimating.total(estimates)
    return {
        "items": [_estimated_json(one) for one in estimates],
        "low_fen": total.low if total else None,
        "high_fen": total.high if total else None,
    }


def _estimated_json(one: Estimate) -> EstimatedJson:
    return {
        "category": one.thing.category.key,
        "category_name": one.thing.category.name,
        "size": one.thing.size,
        "age_years": one.thing.age_years,
        "works": one.thing.works,
        "low_fen": one.range.low if one.range else None,
        "high_fen": one.range.high if one.range else None,
        "basis": [_basis_json(basis) for basis in one.basis],
        "note": ON_SITE if one.range else NO_TABLE,
    }


def _basis_json(basis: Basis) -> BasisJson:
    return {
        "table": str(basis.prices.id),
        "merchant": str(basis.prices.merchant.id),
        "merchant_name": basis.prices.merchant.name,
        "demo": basis.prices.merchant.demo,
        "valid_from": written(basis.prices.valid_from),
        "rows": [
            {
                "number": number,
                "size": row.size,
                "from_years": row.from_years,
                "under_years": row.under_years,
                "works": row.works,
                "low_fen": row.low,
                "high_fen": row.high,
                "note": row.note,
            }
            for number, row in basis.prices.rows.items()
        ],
        "low_fen": basis.range.low,
        "high_fen": basis.range.high,
    }
