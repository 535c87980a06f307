"""A crowd claims from the pool: whatever else moves its money has written all the rest when it locks it."""

import asyncio

import asyncpg
import pytest

from miniapi.accounts.models import Resident
from miniapi.privacy.actions import leave
from miniapi.redemption.correcting import Price, correct_price
from miniapi.redemption.redeeming import redeem
from miniapi.redemption.refunding import refund
from miniapi.settlement.actions import recover
from miniapi.staff.callers import Bureau
from miniapi.staff.models import StaffRole
from miniapi.vouchers.ending import expire_overdue, void
from tests.factories.counter import a_clerk, a_counter_quote, a_redemption, a_sale, a_voucher
from tests.factories.people import KEYS
from tests.factories.settlement import a_payer, a_settlement
from tests.factories.staff import a_staff

BECAUSE = "门开不了，退货"
WAITS = "SELECT pid FROM pg_locks WHERE NOT granted AND pid <> pg_backend_pid()"
WRITTEN = """
    SELECT c.relname FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
    WHERE l.pid = $1 AND l.mode = 'RowExclusiveLock' AND c.relkind = 'r'
"""


@pytest.fixture
async def behind_the_pool(database):
    """What an act has written when it gets to the pool, which somebody else holds."""
    drop, looking = await asyncpg.connect(database), await asyncpg.connect(database)

    async def written_by(act):
        async with drop.transaction():
            await drop.execute("SELECT id FROM account WHERE name = 'pool' FOR NO KEY UPDATE")
            acting = asyncio.create_task(act)
            while (pid := await looking.fetchval(WAITS)) is None:
                await asyncio.sleep(0.01)
            written = {row["relname"] for row in await looking.fetch(WRITTEN, pid)}
        await acting
        return written

    yield written_by
    await drop.close()
    await looking.close()


async def test_a_sale(behind_the_pool, noon, library):
    clerk = await a_clerk(noon)
    quoted = await a_counter_quote(await a_voucher(noon, library), clerk, library, at=noon)

    written = await behind_the_pool(redeem(quoted.quote.id, a_sale(), clerk, library, at=noon))

    assert written >= {"redemption", "voucher", "voucher_event", "redemption_event", "notice"}
    assert "audit_event" not in written


@pytest.mark.parametrize("settled", [False, True])
async def test_a_refund(behind_the_pool, noon, library, settled):
    clerk = await a_clerk(noon)
    sold = await a_redemption(noon, library, clerk=clerk)
    if settled:
        await a_settlement(noon, sold)

    written = await behind_the_pool(refund(sold.id, BECAUSE, clerk, library, at=noon))

    assert written >= {"redemption", "voucher", "voucher_event", "redemption_event", "notice"}
    assert "audit_event" not in written


async def test_a_correction(behind_the_pool, noon, library):
    clerk = await a_clerk(noon)
    sold = await a_redemption(noon, library, clerk=clerk)

    written = await behind_the_pool(
        correct_price(sold.id, Price(400_000, 400_000), BECAUSE, clerk, library, at=noon)
    )

    assert written >= {"redemption", "voucher", "voucher_event", "redemption_event"}
    assert "audit_event" not in written


async def test_what_a_shop_gives_back(behind_the_pool, noon, library):
    clerk = await a_clerk(noon)
    sold = await a_redemption(noon, library, clerk=clerk)
    await a_settlement(noon, sold)
    await refund(sold.id, BECAUSE, clerk, library, at=noon)

    written = await behind_the_pool(recover(sold.id, "商户已转账退回", await a_payer(noon), KEYS, at=noon))

    assert written >= {"redemption", "redemption_event"}
    assert "audit_event" not in written


async def test_a_voucher_that_lapses(behind_the_pool, noon, library):
    voucher = await a_voucher(noon, library)

    written = await behind_the_pool(expire_overdue(at=voucher.lapses_at))

    assert written >= {"voucher", "voucher_event"}
    assert "audit_event" not in written


async def test_a_voucher_that_is_voided(behind_the_pool, noon, library):
    voucher = await a_voucher(noon, library)
    officer = Bureau(await a_staff(noon, StaffRole.BUREAU), "")

    written = await behind_the_pool(void(voucher.id, "核对后发现重复", officer, KEYS, at=noon))

    assert written >= {"voucher", "voucher_event", "notice"}
    assert "audit_event" not in written


async def test_somebody_who_leaves(behind_the_pool, noon, library):
    owner = await Resident.get(id=(await a_voucher(noon, library)).resident_id)

    written = await behind_the_pool(leave(owner.id, at=noon))

    assert written >= {"voucher", "voucher_event"}
    assert "audit_event" not in written
