import asyncio
import json
from collections import Counter
from datetime import datetime

import pytest

from miniapi.audit.models import AuditEvent
from miniapi.clock import SHANGHAI
from miniapi.ledger.models import AccountName
from miniapi.ledger.queries import balances
from miniapi.programmes import actions as programmes
from miniapi.programmes.actions import Decision, decide
from miniapi.redemption.refunding import refund
from miniapi.reports.audit import differences
from miniapi.settlement.actions import recover
from miniapi.settlement.errors import NothingUnspent, ProgrammeNotOver
from miniapi.settlement.unspent import return_unspent
from miniapi.staff.callers import Bureau
from miniapi.staff.models import StaffRole
from miniapi.vouchers.drawing import draw
from miniapi.vouchers.models import Voucher, VoucherState
from tests.factories.counter import a_clerk, a_redemption, a_voucher
from tests.factories.lottery import a_lottery, registered
from tests.factories.season import a_programme
from tests.factories.settlement import a_payer, a_settlement
from tests.factories.staff import a_staff

FUND, POOL, PAYABLE, PAID = AccountName.FUND, AccountName.POOL, AccountName.PAYABLE, AccountName.PAID
PROVINCE, ZONE, DISTRICT = AccountName.PROVINCE, AccountName.ZONE, AccountName.DISTRICT
BECAUSE, RETURNED = "审计结束，结余退回", "门开不了，退货"
GRANT = 10_000_000
CLOSES = datetime(2024, 10, 16, tzinfo=SHANGHAI)


@pytest.fixture
async def programme(database, noon, library):
    return await a_programme(library, noon)


@pytest.fixture
async def payer(database, noon):
    return await a_payer(noon)


@pytest.fixture
def giving_back(payer, library):
    """Finance gives back what is unspent, when all is over."""

    async def give_back(at=CLOSES):
        _, returned = await return_unspent(library.packs["yangling"], BECAUSE, payer, at=at)
        return {name: fen for name, fen in returned.parts.items() if fen}

    return give_back


@pytest.fixture
def granting(noon, library):
    """The bureau writes down what the province gives."""

    async def grant(province, at=noon):
        officer = Bureau(await a_staff(noon, StaffRole.BUREAU), "")
        decision = Decision(province_fen=province)
        await decide(library.packs["yangling"], decision, "省厅通知", officer, at=at)

    return grant


async def the_books():
    """What the accounts hold that are not empty."""
    return {name: fen for name, fen in (await balances("test")).items() if fen}


async def test_goes_back_in_the_proportion_in_which_it_was_given(
    programme, granting, giving_back, noon, library, database
):
    await granting(GRANT)
    await a_settlement(noon, await a_redemption(noon, library))  # 520 yuan

    returned = await giving_back()

    # of 520 yuan the province keeps 10/47.5 given, which is 109.4736; the others half of the rest each
    assert returned == {
        PROVINCE: GRANT - 10_947,
        ZONE: 18_750_000 - 20_527,
        DISTRICT: 18_750_000 - 20_526,
    }
    assert await the_books() == {PROVINCE: 10_947, ZONE: 20_527, DISTRICT: 20_526, PAID: 52_000}
    assert await differences(database, library) == []


async def test_is_nobodys_in_particular_while_the_grant_is_not_known(
    programme, giving_back, granting, noon, library, database
):
    await a_settlement(noon, await a_redemption(noon, library))

    assert await giving_back() == {FUND: 47_448_000}
    await granting(GRANT, at=CLOSES)

    assert await the_books() == {PROVINCE: 10_947, ZONE: 20_527, DISTRICT: 20_526, PAID: 52_000}
    assert await differences(database, library) == []


async def test_what_lapsed_and_no_job_has_seen_goes_back_too(programme, giving_back, noon, library, database):
    voucher = await a_voucher(noon, library)

    assert await giving_back() == {FUND: 47_500_000}

    assert (await Voucher.get(id=voucher.id)).state is VoucherState.EXPIRED
    assert await the_books() == {}
    assert await differences(database, library) == []


@pytest.mark.parametrize("settled", [False, True])
async def test_what_comes_in_later_goes_back_the_next_time(
    programme, granting, giving_back, payer, noon, library, keys, database, settled
):
    await granting(GRANT)
    clerk = await a_clerk(noon)
    sold = await a_redemption(noon, library, clerk=clerk)
    if settled:
        await a_settlement(noon, sold)
    await giving_back()

    await refund(sold.id, RETURNED, clerk, library, at=CLOSES)
    if settled:
        await recover(sold.id, "商户已转账退回", payer, keys, at=CLOSES)
    later = await giving_back()

    assert later == {PROVINCE: 10_947, ZONE: 20_527, DISTRICT: 20_526}
    assert await the_books() == {}
    assert await differences(database, library) == []


async def test_is_on_record(programme, giving_back, payer):
    await giving_back()

    event = await AuditEvent.get(action="programme.unspent_returned")
    assert (event.actor, event.subject, event.reason) == (
        payer.actor,
        f"programme:{programme.id}",
        BECAUSE,
    )
    assert json.loads(event.after)["fund"] == 47_500_000


async def test_waits_until_the_programme_is_over(programme, giving_back, noon):
    with pytest.raises(ProgrammeNotOver, match="2024年10月16日 00:00"):
        await giving_back(at=noon)


async def test_moves_once_however_often_it_is_asked(programme, giving_back, database, library):
    outcomes = await asyncio.gather(*(giving_back() for _ in range(4)), return_exceptions=True)

    assert Counter(map(type, outcomes)) == {dict: 1, NothingUnspent: 3}
    assert await the_books() == {}
    assert await differences(database, library) == []


async def test_a_draw_that_comes_late_waits_for_it_and_not_in_a_circle(
    programme, giving_back, noon, library, keys, monkeypatch
):
    drop = await a_lottery(library, noon, quota=2, programme=programme)
    await registered(drop, library, noon, people=2)
    holding, real = asyncio.Event(), programmes.return_unspent

    async def slow(*given, **more):
        holding.set()
        await asyncio.sleep(0.3)  # the draw is at the programme by now
        return await real(*given, **more)

    async def draw_late():
        await holding.wait()
        return await draw(drop.id, library, keys, at=CLOSES)

    monkeypatch.setattr(programmes, "return_unspent", slow)

    returned, drawn = await asyncio.gather(giving_back(), draw_late())

    assert (returned, drawn) == ({FUND: 47_500_000}, True)
