import asyncio
import json
from collections import Counter
from datetime import datetime, timedelta

import pytest

from miniapi.audit.models import AuditEvent
from miniapi.drops import actions
from miniapi.drops.actions import Change, NewDrop
from miniapi.drops.errors import (
    DrawTimeUnfit,
    DropAtThatTime,
    DropInThePast,
    DropNotOpen,
    DropOver,
    NoSuchDrop,
    OutsideWindow,
    QuotaBelowIssued,
    QuotaOverRoom,
    SoldOut,
)
from miniapi.drops.lottery_rules import commitment
from miniapi.drops.models import Drop, DropMode
from miniapi.ids import new_id
from miniapi.ledger.models import Account
from miniapi.merchants.models import Merchant, MerchantKind
from miniapi.programmes.errors import NoSuchProgramme
from miniapi.programmes.models import Programme
from miniapi.reports.audit import differences
from miniapi.staff.callers import Bureau
from miniapi.vouchers.claiming import claim
from miniapi.vouchers.ending import expire_overdue
from miniapi.vouchers.models import Voucher
from tests.factories.people import a_resident
from tests.factories.season import a_drop, a_programme, an_open_drop
from tests.factories.staff import a_staff

WHY = "按公告调整"


def moment(written: str) -> datetime:
    """A moment in China, written without its offset."""
    return datetime.fromisoformat(f"{written}+08:00")


@pytest.fixture
async def bureau(database, noon):
    return Bureau(await a_staff(noon), "token")


@pytest.fixture
def pack(library):
    return library.packs["yangling"]


@pytest.fixture
async def programme(database, noon, library):
    return await a_programme(library, noon)


@pytest.fixture
def plan(pack, bureau, keys):
    """Plans a drop of Yangling."""

    async def plan(opens_at, *, at, quota=10, **more):
        return await actions.plan(pack, NewDrop(moment(opens_at), quota, **more), bureau, keys, at=at)

    return plan


@pytest.fixture
def change(bureau, library):
    """Changes a drop."""

    async def change(drop, *, at, **more):
        return await actions.change(drop.id, Change(**more), WHY, bureau, library, at=at)

    return change


async def approved(*, sellers, recyclers):
    """So many enterprises on the public list of Yangling."""
    for kind, many in ((MerchantKind.SELLER, sellers), (MerchantKind.RECYCLER, recyclers)):
        for number in range(many):
            await Merchant.create(region="yangling", kind=kind, name=f"{number}", address="a")


class TestPlanSeason:
    async def test_plans_the_days_of_the_calendar_and_no_drop_after_the_window(self, programme, noon, pack):
        calendar = pack.rules.calendar(noon.date())

        for _ in range(2):
            await actions.plan_season(programme, calendar, quota=100)

        drops = await Drop.all().order_by("opens_at")
        assert [one.opens_at for one in drops] == [
            moment("2024-08-16T10:00"),
            moment("2024-09-01T10:00"),
            moment("2024-09-16T10:00"),
            moment("2024-10-01T10:00"),
        ]
        assert [one.valid_until for one in drops] == [
            moment("2024-08-23T23:59:59"),
            moment("2024-09-08T23:59:59"),
            moment("2024-09-23T23:59:59"),
            moment("2024-10-08T23:59:59"),
        ]
        assert all(one.opens_at < one.closes_at < programme.closes_at for one in drops)


class TestPlan:
    async def test_makes_a_drop_of_the_calendar(self, programme, noon, plan, bureau):
        drop = await plan("2024-09-16T10:00", quota=475, at=noon)

        assert (drop.quota, drop.issued, drop.mode) == (475, 0, DropMode.FIRST_COME)
        assert drop.closes_at == drop.valid_until == moment("2024-09-23T23:59:59")
        event = await AuditEvent.get(action="drop.planned")
        assert (event.actor, event.subject) == (bureau.actor, f"drop:{drop.id}")
        assert json.loads(event.after)["in_calendar"] is True

    async def test_makes_one_on_another_day_and_says_so_in_the_log(self, programme, noon, plan):
        drop = await plan("2024-10-14T09:30:00.5", at=noon)

        assert drop.valid_until == moment("2024-10-15T23:59:59")
        assert json.loads((await AuditEvent.get(action="drop.planned")).after)["in_calendar"] is False

    @pytest.mark.parametrize(
        "opens_at",
        [
            "2024-08-16T09:59:59",
            "2024-10-15T23:59:59",
            "2024-10-16T00:00",
            "2024-10-16T10:00",
            "0001-01-01T00:00",
            "9999-12-31T23:59",
        ],
    )
    async def test_makes_none_outside_the_window(self, programme, plan, opens_at):
        with pytest.raises(OutsideWindow) as refused:
            await plan(opens_at, at=moment("2024-08-01T12:00"))

        assert [one.clause for one in refused.value.citations] == ["细则一"]
        assert await Drop.all().count() == 0

    async def test_makes_one_in_the_first_and_one_in_the_last_moment_of_the_window(self, programme, plan):
        early = moment("2024-08-01T12:00")

        first = await plan("2024-08-16T10:00", at=early)
        last = await plan("2024-10-15T23:59:58", at=early)

        assert first.opens_at == programme.opens_at
        assert last.opens_at < last.closes_at < programme.closes_at

    async def test_makes_none_in_the_past(self, programme, noon, plan):
        with pytest.raises(DropInThePast):
            await plan("2024-09-01T11:59:59.999", at=noon)

        assert (await plan("2024-09-01T12:00", at=noon)).opens_at == noon

    async def test_makes_no_second_one_at_the_same_time(self, programme, noon, plan):
        outcomes = await asyncio.gather(
            *(plan("2024-09-16T10:00", at=noon) for _ in range(5)), return_exceptions=True
        )

        assert Counter(map(type, outcomes)) == {Drop: 1, DropAtThatTime: 4}
        assert await AuditEvent.filter(action="drop.planned").count() == 1

    async def test_makes_none_that_the_pool_does_not_cover(self, programme, noon, plan):
        await Account.filter(name="pool").update(balance=4_99_999)

        with pytest.raises(QuotaOverRoom) as refused:
            await plan("2024-09-16T10:00", quota=5, at=noon)

        assert refused.value.facts == {"room": 4}
        assert (await plan("2024-09-16T10:00", quota=4, at=noon)).quota == 4

    async def test_makes_none_where_there_is_no_programme(self, programme, noon, library, bureau, keys):
        wanted = NewDrop(moment("2024-09-16T10:00"), 1)

        with pytest.raises(NoSuchProgramme):
            await actions.plan(library.packs["qingzhou"], wanted, bureau, keys, at=noon)

    async def test_commits_a_lottery_to_a_seed_that_is_kept_sealed(self, programme, noon, plan, keys):
        drop = await plan("2024-09-16T10:00", mode=DropMode.LOTTERY, at=noon)

        assert drop.draws_at == moment("2024-09-16T12:00")
        assert commitment(keys.unseal(drop.seed_sealed)) == drop.seed_commitment
        assert (drop.seed, drop.drawn_at) == (None, None)

    async def test_draws_a_lottery_when_the_bureau_says(self, programme, noon, plan):
        draws_at = moment("2024-09-20T18:00")

        drop = await plan("2024-09-16T10:00", mode=DropMode.LOTTERY, draws_at=draws_at, at=noon)

        assert drop.draws_at == draws_at

    @pytest.mark.parametrize(
        ("opens_at", "draws_at"),
        [
            ("2024-09-16T10:00", "2024-09-16T10:00"),
            ("2024-09-16T10:00", "2024-09-23T23:59:59"),
            ("2024-10-15T22:30", None),
        ],
        ids=["when it opens", "when it closes", "too late for the usual two hours"],
    )
    async def test_draws_a_lottery_only_while_it_lasts(self, programme, noon, plan, opens_at, draws_at):
        draws = moment(draws_at) if draws_at else None

        with pytest.raises(DrawTimeUnfit):
            await plan(opens_at, mode=DropMode.LOTTERY, draws_at=draws, at=noon)


class TestChange:
    async def test_sets_the_quota_and_writes_down_what_it_was(self, programme, noon, change, bureau):
        drop = await a_drop(programme, noon, quota=10)

        changed = await change(drop, quota=20, at=noon)

        event = await AuditEvent.get(action="drop.changed")
        assert changed.quota == 20
        assert (event.actor, event.subject, event.reason) == (bureau.actor, f"drop:{drop.id}", WHY)
        assert json.loads(event.before) == {"quota": 10, "frozen": False}
        assert json.loads(event.after) == {"quota": 20, "frozen": False}

    async def test_takes_back_nothing_that_was_issued(self, programme, noon, library, change):
        drop = await a_drop(programme, noon, quota=10)
        for _ in range(3):
            await claim(drop.id, await a_resident(noon), library, at=noon)

        with pytest.raises(QuotaBelowIssued) as refused:
            await change(drop, quota=2, at=noon)

        assert refused.value.facts == {"issued": 3}
        assert (await change(drop, quota=3, at=noon)).remaining == 0

    async def test_promises_nothing_that_the_pool_does_not_cover(self, programme, noon, library, change):
        drop = await a_drop(programme, noon, quota=10)
        await claim(drop.id, await a_resident(noon), library, at=noon)

        with pytest.raises(QuotaOverRoom) as refused:
            await change(drop, quota=476, at=noon)

        assert refused.value.facts == {"room": 474}
        assert (await change(drop, quota=475, at=noon)).remaining == 474

    async def test_freezes_at_once_and_says_why_to_who_wants_to_claim(self, programme, noon, library, change):
        drop = await a_drop(programme, noon)

        await change(drop, frozen=True, at=noon)

        with pytest.raises(DropNotOpen, match=WHY):
            await claim(drop.id, await a_resident(noon), library, at=noon)
        await change(drop, frozen=False, at=noon)
        assert await claim(drop.id, await a_resident(noon), library, at=noon)

    async def test_leaves_alone_what_is_over(self, programme, noon, change):
        drop = await a_drop(programme, noon)

        with pytest.raises(DropOver, match="结束"):
            await change(drop, quota=20, at=drop.closes_at)

    async def test_of_nothing_changes_nothing(self, programme, noon, bureau, library):
        with pytest.raises(NoSuchDrop):
            await actions.change(new_id(), Change(frozen=True), WHY, bureau, library, at=noon)

    async def test_agrees_with_a_crowd_that_claims_meanwhile(
        self, programme, noon, library, change, database
    ):
        drop = await a_drop(programme, noon, quota=8)
        crowd = [await a_resident(noon) for _ in range(30)]

        *claimed, changed = await asyncio.gather(
            *(claim(drop.id, person, library, at=noon) for person in crowd),
            *(change(drop, quota=5, at=noon) for _ in range(1)),
            return_exceptions=True,
        )

        drop = await Drop.get()
        outcomes = Counter(map(type, claimed))
        assert outcomes.keys() <= {Voucher, SoldOut}
        assert drop.issued == outcomes[Voucher] <= drop.quota
        assert drop.quota == (5 if isinstance(changed, Drop) else 8)
        assert await differences(database, library) == []

    async def test_that_freezes_lets_nobody_in_after_it_was_answered(self, programme, noon, library, change):
        drop = await a_drop(programme, noon, quota=400)
        crowd = [await a_resident(noon) for _ in range(40)]
        issued = []

        async def freeze():
            await asyncio.sleep(0.02)
            await change(drop, frozen=True, at=noon)
            issued.append((await Drop.get()).issued)

        await asyncio.gather(
            freeze(), *(claim(drop.id, person, library, at=noon) for person in crowd), return_exceptions=True
        )

        assert (await Drop.get()).issued == issued[0]


class TestReleasedMoney:
    async def test_makes_room_and_raises_no_quota(self, programme, noon, library, change, plan):
        drop = await a_drop(programme, noon - timedelta(hours=2), quota=475)
        later = await plan("2024-09-16T10:00", quota=475, at=noon)
        for _ in range(3):
            await claim(drop.id, await a_resident(noon), library, at=noon)
        with pytest.raises(QuotaOverRoom) as short:
            await plan("2024-10-01T10:00", quota=475, at=noon)

        over = drop.valid_until + timedelta(seconds=1)
        await expire_overdue(at=over)

        assert short.value.facts == {"room": 472}
        assert [one.quota for one in await Drop.all().order_by("opens_at")] == [475, 475]
        assert (await Drop.get(id=later.id)).issued == 0
        assert (await plan("2024-10-01T10:00", quota=475, at=over)).quota == 475


class TestTheGate:
    @pytest.fixture
    async def drop(self, noon, library, database):
        drop = await an_open_drop(library, noon)
        await Programme.all().update(opened_because=None)
        return drop

    @pytest.mark.parametrize(("sellers", "recyclers"), [(0, 0), (4, 3), (5, 2)])
    async def test_stays_shut_while_enterprises_are_lacking(self, drop, noon, library, sellers, recyclers):
        await approved(sellers=sellers, recyclers=recyclers)

        with pytest.raises(DropNotOpen, match="要有") as refused:
            await claim(drop.id, await a_resident(noon), library, at=noon)

        assert [one.clause for one in refused.value.citations] == ["细则五（一）"]

    async def test_opens_with_five_sellers_and_three_recyclers(self, drop, noon, library):
        await approved(sellers=5, recyclers=3)

        assert await claim(drop.id, await a_resident(noon), library, at=noon)

    async def test_counts_nobody_from_elsewhere(self, drop, noon, library):
        await approved(sellers=5, recyclers=3)
        await Merchant.filter(kind=MerchantKind.RECYCLER, name="0").update(region="qingzhou")

        with pytest.raises(DropNotOpen):
            await claim(drop.id, await a_resident(noon), library, at=noon)

    async def test_opens_for_a_reason_of_the_bureau(self, drop, noon, library):
        await Programme.all().update(opened_because="演示")

        assert await claim(drop.id, await a_resident(noon), library, at=noon)

    async def test_is_shut_by_a_freeze_of_the_programme(self, drop, noon, library):
        await approved(sellers=5, recyclers=3)
        await Programme.all().update(claims_frozen_because="核查中")

        with pytest.raises(DropNotOpen, match="核查中") as refused:
            await claim(drop.id, await a_resident(noon), library, at=noon)

        assert refused.value.citations == ()


class TestAnnounce:
    async def test_restarted_five_seconds_late_still_opens_and_nobody_had_to_wait(
        self, programme, noon, library
    ):
        ten = noon.replace(hour=10)
        drop = await a_drop(programme, ten)
        await a_drop(programme, ten + timedelta(days=15))

        early = await actions.announce(at=ten - timedelta(seconds=1))
        voucher = await claim(drop.id, await a_resident(noon), library, at=ten)
        late = await actions.announce(at=ten + timedelta(seconds=5))
        again = await actions.announce(at=ten + timedelta(seconds=6))

        assert early == again == []
        assert [one.id for one in late] == [drop.id]
        assert voucher.rank == 1

    async def test_four_schedulers_at_once_announce_a_drop_once(self, programme, noon):
        await a_drop(programme, noon)

        announced = await asyncio.gather(*(actions.announce(at=noon) for _ in range(4)))

        assert sum(map(len, announced)) == 1
