import asyncio
from datetime import timedelta

import pytest

from miniapi.accounts.models import Resident
from miniapi.drops.models import Drop
from miniapi.ledger.models import AccountName
from miniapi.ledger.queries import balance
from miniapi.merchants.callers import Clerk
from miniapi.privacy.actions import leave
from miniapi.programmes.models import Programme
from miniapi.redemption.models import Redemption, RedemptionState
from miniapi.redemption.refunding import refund
from miniapi.reports.audit import differences
from miniapi.vouchers.claiming import claim
from miniapi.vouchers.errors import PersonalLimitReached
from miniapi.vouchers.models import Voucher, VoucherState
from miniapi.vouchers.queries import used_by
from tests.factories.counter import a_clerk, a_redemption, a_voucher
from tests.factories.season import a_drop
from tests.factories.settlement import a_settlement


@pytest.fixture
async def clerk(database, noon) -> Clerk:
    return await a_clerk(noon)


@pytest.fixture
def returning(clerk, library, noon):
    """Goods come back to the shop that sold them."""

    async def return_goods(redemption, at=noon):
        return await refund(redemption.id, "门开不了，退货", clerk, library, at=at)

    return return_goods


def in_turn(*kinds):
    """The acts of each kind, one of every kind after the other."""
    return [act for together in zip(*kinds, strict=True) for act in together]


class TestRefundsAtOnceWith:
    async def test_a_settlement_each_pays_and_owes_or_neither(
        self, clerk, returning, noon, library, database
    ):
        sales = [await a_redemption(noon, library, clerk=clerk) for _ in range(6)]

        await asyncio.gather(
            *in_turn(
                (returning(one) for one in sales),
                (a_settlement(noon, one) for one in sales),
                (a_settlement(noon, *sales[n:], *sales[:n]) for n in range(6)),
            ),
            return_exceptions=True,
        )

        for one in await Redemption.filter(id__in=[one.id for one in sales]):
            assert one.state is RedemptionState.REFUNDED
            assert one.owed_fen == (one.subsidy_fen if one.settled_at else 0)
        assert await differences(database, library) == []

    async def test_a_claim_of_the_same_person_keeps_the_cap(self, clerk, returning, noon, library, database):
        first = await a_voucher(noon, library)
        drop = await Drop.get(id=first.drop_id).select_related("programme")
        others = [await a_drop(drop.programme, noon - timedelta(minutes=n)) for n in (1, 2, 3)]
        vouchers = [first, *[await a_voucher(noon, library, drop) for _ in range(5)]]
        people = [await Resident.get(id=voucher.resident_id) for voucher in vouchers]
        sales = [await a_redemption(noon, library, voucher=one, clerk=clerk) for one in vouchers]
        for person in people:  # 520 kept and 2000 reserved: for two more vouchers there is not room
            await claim(others[0].id, person, library, at=noon)
            await claim(others[1].id, person, library, at=noon)

        outcomes = await asyncio.gather(
            *in_turn(
                (returning(sale) for sale in sales),
                (claim(others[2].id, person, library, at=noon) for person in people),
            ),
            return_exceptions=True,
        )

        assert {type(one) for one in outcomes} <= {Redemption, Voucher, PersonalLimitReached}
        assert sum(type(one) is Redemption for one in outcomes) == 6
        for person in people:
            assert await used_by(person.person_id, (await Programme.get()).id) == 300_000
        assert await differences(database, library) == []

    async def test_leaving_issues_nothing_to_nobody(self, clerk, returning, noon, library, database):
        sales = [await a_redemption(noon, library, clerk=clerk) for _ in range(6)]
        owners = [(await one.voucher).resident_id for one in sales]

        await asyncio.gather(
            *in_turn(
                (returning(sale, noon + timedelta(milliseconds=5)) for sale in sales),
                (leave(owner, at=noon) for owner in owners),
            )
        )

        assert await Voucher.filter(state=VoucherState.VOID).count() == 6
        assert await balance("test", AccountName.POOL) == 47_500_000
        assert await differences(database, library) == []

    async def test_sales_wait_for_nobody_in_a_circle(self, clerk, returning, noon, library, database):
        sales = [await a_redemption(noon, library, clerk=clerk) for _ in range(4)]
        settled = [await a_redemption(noon, library, clerk=clerk) for _ in range(4)]
        await a_settlement(noon, *settled)
        vouchers = [await a_voucher(noon, library) for _ in range(8)]

        outcomes = await asyncio.gather(
            *in_turn(
                (returning(one) for one in (*sales, *settled)),
                (a_redemption(noon, library, voucher=one, clerk=clerk) for one in vouchers),
            ),
            return_exceptions=True,
        )

        assert {type(one) for one in outcomes} == {Redemption}
        assert await differences(database, library) == []
