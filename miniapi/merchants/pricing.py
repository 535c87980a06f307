"""What recyclers pay for old things: one table each, from a moment on, which is followed and never edited."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tortoise.transactions import in_transaction

from faq.categories import Categories
from miniapi import sheets
from miniapi.audit.actions import record
from miniapi.database import sql
from miniapi.merchants import price_files
from miniapi.merchants.callers import Manager
from miniapi.merchants.errors import PricesWrong
from miniapi.merchants.models import Merchant, PriceRow, PriceTable
from miniapi.merchants.price_files import Priced
from miniapi.money import Fen

CURRENT = """
    SELECT DISTINCT ON (t.merchant_id) t.id FROM price_table t JOIN merchant m ON m.id = t.merchant_id
    WHERE m.region = $1 AND m.kind = 'recycler' AND t.valid_from <= $2
    ORDER BY t.merchant_id, t.valid_from DESC, t.id DESC
"""


@dataclass(frozen=True, slots=True)
class Prices:
    """A recycler's table that holds from a moment on; its rows, or those asked for, by their numbers."""

    id: UUID
    merchant: Merchant
    valid_from: datetime
    rows: Mapping[int, Priced]


async def publish(content: bytes, categories: Categories, manager: Manager, *, at: datetime) -> Prices:
    """Let a recycler's prices follow those before, whole or not at all; the same again change nothing.

    Raises SheetUnreadable, PricesWrong.
    """
    rows, wrong = price_files.read(content, categories)
    if wrong:
        told = sheets.refused(price_files.COLUMNS, wrong)
        raise PricesWrong(refused=len(wrong), refused_csv=told)
    before = await of_recycler(manager.merchant, at=at)
    if before is not None and list(before.rows.values()) == rows:
        return before
    async with in_transaction():
        published = await put_prices(manager.merchant, rows, at=at)
        told_of = {"table": str(published.id), "rows": len(rows)}
        subject = f"merchant:{manager.merchant.id}"
        await record(manager.actor, "prices.published", subject, at=at, after=told_of)
    return published


async def put_prices(merchant: Merchant, rows: Sequence[Priced], *, at: datetime) -> Prices:
    """Let these prices hold from now on. Call it inside a transaction."""
    table, numbered = (
        await PriceTable.create(merchant=merchant, valid_from=at),
        dict(enumerate(rows, start=1)),
    )
    await PriceRow.bulk_create(
        PriceRow(
            table_id=table.id,
            number=number,
            category=row.category,
            size=row.size,
            from_years=row.from_years,
            under_years=row.under_years,
            works=row.works,
            low_fen=row.low,
            high_fen=row.high,
            note=row.note,
        )
        for number, row in numbered.items()
    )
    return Prices(table.id, merchant, at, numbered)


async def of_recycler(merchant: Merchant, *, at: datetime) -> Prices | None:
    """What a recycler pays now; None where it never said."""
    newest = PriceTable.filter(merchant_id=merchant.id, valid_from__lte=at).order_by("-valid_from", "-id")
    table = await newest.select_related("merchant").prefetch_related("rows").first()
    return _prices(table, table.rows) if table else None


async def in_region(region: str, *, at: datetime, categories: Iterable[str]) -> list[Prices]:
    """What each recycler of a region pays now for these categories, in the order of their names."""
    current = [row["id"] for row in await sql.rows(CURRENT, region, at)]
    tables = await PriceTable.filter(id__in=current).select_related("merchant").order_by("merchant__name")
    found = await PriceRow.filter(table_id__in=current, category__in=list(categories))
    return [_prices(table, [row for row in found if row.table_id == table.id]) for table in tables]


def _prices(table: PriceTable, rows: Iterable[PriceRow]) -> Prices:
    numbered = {row.number: _priced(row) for row in sorted(rows, key=lambda row: row.number)}
    return Prices(table.id, table.merchant, table.valid_from, numbered)


def _priced(row: PriceRow) -> Priced:
    return Priced(
        category=row.category,
        size=row.size,
        from_years=row.from_years,
        under_years=row.under_years,
        works=row.works,
        low=Fen(row.low_fen),
        high=Fen(row.high_fen),
        note=row.note,
    )
