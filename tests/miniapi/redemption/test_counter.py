"""A freeze holds from its commit on, also against what had begun before."""

import asyncio

import asyncpg
import pytest

from miniapi.audit.models import AuditEvent
from miniapi.programmes.actions import Decision, decide
from miniapi.redemption.errors import RedemptionsFrozen
from miniapi.redemption.redeeming import redeem
from miniapi.staff.callers import Bureau
from tests.factories.counter import a_clerk, a_counter_quote, a_sale, a_voucher
from tests.factories.staff import a_staff

WAITS = "SELECT count(*) FROM pg_locks WHERE NOT granted"


@pytest.fixture
async def sell(database, noon, library):
    """Sell a fridge that is quoted, and the next one, each time this is called."""
    clerk = await a_clerk(noon)
    quotes = [
        (await a_counter_quote(await a_voucher(noon, library), clerk, library, at=noon)).quote
        for _ in range(2)
    ]

    def begin():
        sale = a_sale(serial_number=f"SN{len(quotes)}", invoice_number=f"{len(quotes):020d}")
        return asyncio.create_task(redeem(quotes.pop().id, sale, clerk, library, at=noon))

    return begin


async def test_a_sale_in_hand_is_finished_before_a_freeze_and_none_after_it(database, sell, noon, library):
    officer = Bureau(await a_staff(noon), "")
    shop, looking = await asyncpg.connect(database), await asyncpg.connect(database)

    async def somebody_waits(many):
        while await looking.fetchval(WAITS) < many:
            await asyncio.sleep(0.01)

    async with shop.transaction():
        await shop.execute("SELECT FROM account WHERE name = 'payable' FOR UPDATE")
        sold = sell()
        await somebody_waits(1)
        freeze = asyncio.create_task(
            decide(library.packs["yangling"], Decision(redemptions_frozen=True), "查账", officer, at=noon)
        )
        await somebody_waits(2)
        assert not freeze.done()
    await sold
    await freeze

    with pytest.raises(RedemptionsFrozen):
        await sell()
    acts = [event.action for event in await AuditEvent.all().order_by("seq")]
    assert acts[-2:] == ["voucher.redeemed", "programme.decided"]
    await shop.close()
    await looking.close()
