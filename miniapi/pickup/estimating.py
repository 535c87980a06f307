"""What an old thing may be worth, by the tables that recyclers publish; never a sum without its basis."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from faq.categories import Category
from miniapi.merchants import pricing
from miniapi.merchants.models import Size
from miniapi.merchants.price_files import Priced
from miniapi.merchants.pricing import Prices
from miniapi.money import Fen


@dataclass(frozen=True, slots=True)
class OldThing:
    """Something somebody wants to be rid of; what they did not say is None."""

    category: Category
    size: Size | None = None
    age_years: int | None = None
    works: bool | None = None

    def may_be(self, row: Priced) -> bool:
        """Whether a row of a table may be meant, by all that is known."""
        return (
            row.category == self.category.key
            and (row.size is None or self.size in (None, row.size))
            and (row.works is None or self.works in (None, row.works))
            and (
                self.age_years is None
                or (
                    row.from_years <= self.age_years
                    and (row.under_years is None or self.age_years < row.under_years)
                )
            )
        )


@dataclass(frozen=True, slots=True)
class Range:
    """From a lowest to a highest price."""

    low: Fen
    high: Fen


@dataclass(frozen=True, slots=True)
class Basis:
    """Whose table a range comes from, since when it holds, and the rows by their numbers."""

    prices: Prices
    range: Range


@dataclass(frozen=True, slots=True)
class Estimate:
    """The range of one thing over all recyclers that name it; None where none does."""

    thing: OldThing
    range: Range | None
    basis: tuple[Basis, ...]


async def estimate(region: str, things: Sequence[OldThing], *, at: datetime) -> list[Estimate]:
    """What each of these things may be worth in a region now."""
    named = {thing.category.key for thing in things}
    tables = await pricing.in_region(region, at=at, categories=named)
    return [estimated(thing, tables) for thing in things]


def estimated(thing: OldThing, tables: Sequence[Prices]) -> Estimate:
    """The same of one thing by these tables."""
    basis = []
    for table in tables:
        rows = {number: row for number, row in table.rows.items() if thing.may_be(row)}
        if rows:
            meant = Prices(table.id, table.merchant, table.valid_from, rows)
            basis.append(Basis(meant, around([Range(row.low, row.high) for row in rows.values()])))
    return Estimate(thing, around([one.range for one in basis]) if basis else None, tuple(basis))


def around(ranges: Sequence[Range]) -> Range:
    """The range that holds all of these."""
    return Range(min(one.low for one in ranges), max(one.high for one in ranges))


def total(estimates: Sequence[Estimate]) -> Range | None:
    """What all of it may be worth; None where one of the things has no range."""
    ranges = [one.range for one in estimates if one.range is not None]
    if len(ranges) < len(estimates):
        return None
    return Range(Fen(sum(one.low for one in ranges)), Fen(sum(one.high for one in ranges)))
