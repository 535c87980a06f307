import asyncio
import json
from datetime import timedelta

import pytest

from miniapi.audit.models import AuditEvent
from miniapi.ledger.models import SOURCES, AccountName, Transfer
from miniapi.ledger.queries import balances
from miniapi.programmes import actions
from miniapi.programmes.actions import Decision
from miniapi.programmes.errors import GrantOverFund, NoSuchProgramme
from miniapi.programmes.models import Programme
from miniapi.programmes.queries import programme_of
from miniapi.reports.audit import differences
from miniapi.staff.callers import Bureau
from tests.factories.season import a_programme
from tests.factories.staff import a_staff

WHY = "按公告调整"
TOTAL = 47_500_000


@pytest.fixture
async def bureau(database, noon):
    return Bureau(await a_staff(noon), "token")


@pytest.fixture
def pack(library):
    return library.packs["yangling"]


async def given_by():
    found = await balances("test")
    return {name.value: found[name] for name in SOURCES}


async def decide(pack, bureau, at, **decision):
    return await actions.decide(pack, Decision(**decision), WHY, bureau, at=at)


class TestTheGrant:
    async def test_is_unknown_at_first_and_the_fund_is_nobodys_yet(self, database, noon, library):
        programme = await a_programme(library, noon)

        assert programme.province_fen is None
        assert await given_by() == {"fund": TOTAL, "province": 0, "zone": 0, "district": 0}

    async def test_says_who_gave_what_and_leaves_the_pool_alone(self, database, noon, library, pack, bureau):
        await a_programme(library, noon)

        programme = await decide(pack, bureau, noon, province_fen=20_000_001)

        assert programme.province_fen == 20_000_001
        assert await given_by() == {
            "fund": 0,
            "province": 20_000_001,
            "zone": 13_750_000,
            "district": 13_749_999,
        }
        assert (await balances("test"))[AccountName.POOL] == TOTAL
        assert await differences(database, library) == []

    async def test_is_corrected_by_moving_the_difference(self, database, noon, library, pack, bureau):
        await a_programme(library, noon)
        for province in (20_000_000, 30_000_000, 0, 30_000_000):
            await decide(pack, bureau, noon, province_fen=province)

        assert await given_by() == {
            "fund": 0,
            "province": 30_000_000,
            "zone": 8_750_000,
            "district": 8_750_000,
        }
        assert await differences(database, library) == []

    async def test_said_again_moves_nothing(self, database, noon, library, pack, bureau):
        await a_programme(library, noon)
        await decide(pack, bureau, noon, province_fen=20_000_000)
        before = await Transfer.all().count()

        await decide(pack, bureau, noon, province_fen=20_000_000)

        assert await Transfer.all().count() == before

    async def test_said_by_many_at_once_is_one_of_theirs(self, database, noon, library, pack, bureau):
        await a_programme(library, noon)

        await asyncio.gather(
            *(decide(pack, bureau, noon, province_fen=fen) for fen in (1_000_000, 2_000_001, 3_000_002))
        )

        programme = await Programme.get()
        assert (await given_by())["province"] == programme.province_fen
        assert sum((await given_by()).values()) == TOTAL
        assert await differences(database, library) == []

    async def test_is_the_whole_fund_at_most(self, database, noon, library, pack, bureau):
        await a_programme(library, noon)
        await decide(pack, bureau, noon, province_fen=TOTAL)

        with pytest.raises(GrantOverFund, match="475000 元") as refused:
            await decide(pack, bureau, noon, province_fen=TOTAL + 1)

        assert [one.clause for one in refused.value.citations] == ["细则三"]
        assert await given_by() == {"fund": 0, "province": TOTAL, "zone": 0, "district": 0}


class TestSwitches:
    async def test_say_why_and_are_taken_back(self, database, noon, library, pack, bureau):
        await a_programme(library, noon)

        frozen = await decide(pack, bureau, noon, claims_frozen=True, redemptions_frozen=True)
        again = await decide(pack, bureau, noon, claims_frozen=False)

        assert (frozen.claims_frozen_because, frozen.redemptions_frozen_because) == (WHY, WHY)
        assert (again.claims_frozen_because, again.redemptions_frozen_because) == (None, WHY)

    async def test_are_audited_with_what_was_and_what_is(self, database, noon, library, pack, bureau):
        programme = await a_programme(library, noon)

        await actions.decide(pack, Decision(claims_frozen=True), "请回电 13812345678 核对", bureau, at=noon)

        event = await AuditEvent.get(action="programme.decided")
        assert (event.actor, event.subject) == (bureau.actor, f"programme:{programme.id}")
        assert event.reason == "请回电 *** 核对"
        assert json.loads(event.before)["claims_frozen"] is False
        assert json.loads(event.after)["claims_frozen"] is True
        assert (await Programme.get()).claims_frozen_because == "请回电 *** 核对"

    async def test_of_a_region_without_a_programme_are_nowhere(self, database, noon, library, bureau):
        with pytest.raises(NoSuchProgramme, match="jining"):
            await decide(library.packs["jining"], bureau, noon, claims_frozen=True)


class TestProgrammeOf:
    async def test_is_the_first_that_is_not_over_else_the_last(self, database, noon, library):
        first = await a_programme(library, noon)
        second = await Programme.create(
            code="next",
            region="yangling",
            name="n",
            opens_at=first.closes_at + timedelta(days=30),
            closes_at=first.closes_at + timedelta(days=90),
        )

        moments = (noon - timedelta(days=90), noon, first.closes_at, second.opens_at, second.closes_at)
        found = [await programme_of("yangling", at=at) for at in moments]

        assert [one.code for one in found] == ["test", "test", "next", "next", "next"]
