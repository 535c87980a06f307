"""Opening a programme: its window, its book and its fund."""

from datetime import datetime

from tortoise.transactions import in_transaction

from faq.packs import Pack
from faq.rules import CalendarRule, FundRule
from miniapi.ledger import actions as ledger
from miniapi.ledger.models import AccountName
from miniapi.money import from_yuan
from miniapi.programmes.models import Programme


async def open_programme(
    pack: Pack, code: str, calendar: CalendarRule, fund: FundRule, *, demo: bool, at: datetime
) -> Programme:
    """Make the programme of a policy pack, with its fund in the pool. Once; again changes nothing."""
    async with in_transaction():
        programme, _ = await Programme.get_or_create(
            code=code,
            defaults={
                "region": pack.region,
                "name": f"{pack.name}家电家居以旧换新",
                "opens_at": calendar.window_opens,
                "closes_at": calendar.window_closes,
                "demo": demo,
            },
        )
        await ledger.open_book(code)
        await ledger.move(
            from_yuan(fund.total_yuan),
            AccountName.FUND,
            AccountName.POOL,
            book=code,
            reason="appropriation",
            key=f"{code}:appropriation",
            at=at,
        )
    return programme
