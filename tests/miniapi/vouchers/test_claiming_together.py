"""Claims that came together: nobody pays for another's trouble; where nothing is left nothing is locked."""

import asyncio
from datetime import timedelta

import asyncpg
import pytest
from asyncpg.exceptions import LockNotAvailableError
from tortoise.exceptions import IntegrityError

from miniapi.drops import queries
from miniapi.drops.errors import SoldOut
from miniapi.drops.models import Drop
from miniapi.drops.schemas import drop_json
from miniapi.http.idempotency import Answer, Key
from miniapi.ledger.models import Account, AccountName
from miniapi.programmes.models import Programme
from miniapi.reports.audit import differences
from miniapi.vouchers import claiming, schemas
from miniapi.vouchers.claiming import Claim, Claims, Repeats
from miniapi.vouchers.errors import AlreadyClaimed, PersonalLimitReached
from miniapi.vouchers.models import Voucher
from tests.factories.people import KEYS, a_resident
from tests.factories.season import a_drop, an_open_drop


@pytest.fixture
async def drop(database, noon, library):
    return await an_open_drop(library, noon)


@pytest.fixture
def claims(library):
    return Claims(library, Repeats(KEYS, schemas.claimed))


@pytest.fixture
def locks(monkeypatch):
    """How often accounts were held since the test began."""
    held, real = [], claiming._decide_held

    async def counted(*of):
        held.append(of)
        return await real(*of)

    monkeypatch.setattr(claiming, "_decide_held", counted)
    return held


@pytest.fixture
async def other(database):
    """A connection of somebody else."""
    connection = await asyncpg.connect(database)
    yield connection
    await connection.close()


async def together(claims, drop, residents):
    return await asyncio.gather(
        *(claims.claim(Claim(drop.id, one)) for one in residents), return_exceptions=True
    )


async def test_one_that_cannot_be_written_down_spoils_no_others(drop, claims, other, noon, database, library):
    people = [await a_resident(noon) for _ in range(5)]
    await other.execute(f"ALTER TABLE voucher ADD CHECK (resident_id <> '{people[2].id}')")

    answers = await together(claims, drop, people)

    assert [type(one) for one in answers] == [Answer, Answer, IntegrityError, Answer, Answer]
    assert await Voucher.all().count() == 4
    assert await differences(database, library) == []


async def test_winners_are_told_so_whatever_breaks_off_after_their_commit(drop, claims, other, noon, library):
    at_the_cap, winners = await a_resident(noon), [await a_resident(noon) for _ in range(3)]
    programme = await Programme.get()
    for hours in (3, 4, 5):
        await claiming.claim(
            (await a_drop(programme, noon - timedelta(hours=hours))).id, at_the_cap, library, at=noon
        )
    before = await a_drop(programme, noon - timedelta(hours=8))
    lapsed = await claiming.claim(before.id, await a_resident(noon), library, at=noon)
    await Voucher.filter(id=lapsed.id).update(
        issued_at=noon - timedelta(days=9), valid_until=noon - timedelta(days=1)
    )

    async with other.transaction():  # what must be expired to know how much room is left is locked
        await other.execute("SELECT FROM voucher WHERE id = $1 FOR UPDATE", lapsed.id)
        *told, limited = await together(claims, drop, [*winners, at_the_cap])

    assert [type(one) for one in told] == [Answer] * 3
    assert isinstance(limited, LockNotAvailableError)


async def test_an_account_that_claims_many_times_at_once_is_decided_at_once(drop, claims, locks, noon):
    eager, patient = await a_resident(noon), await a_resident(noon)
    residents = [eager] * 60 + [patient]

    answers = await together(claims, drop, residents)

    assert [type(one) for one in answers] == [Answer, *[AlreadyClaimed] * 59, Answer]
    assert len(locks) <= claiming.LANES


async def test_of_several_keys_of_an_account_one_wins_and_is_answered_again(drop, claims, noon):
    eager = await a_resident(noon)
    keys = [Key(eager.id, "POST claims", name, b"") for name in ("a", "b", "c")]

    answers = await asyncio.gather(
        *(claims.claim(Claim(drop.id, eager, key)) for key in keys), return_exceptions=True
    )
    again = await claims.claim(Claim(drop.id, eager, keys[0]))

    assert [type(one) for one in answers] == [Answer, AlreadyClaimed, AlreadyClaimed]
    assert again == answers[0]


class TestAPoolThatIsAllButEmpty:
    @pytest.fixture
    async def drop(self, drop):
        await Account.filter(name=AccountName.POOL).update(balance=40_000)
        return drop

    async def test_is_shown_as_sold_out(self, drop, noon, library):
        shown = drop_json(await queries.drop(drop.id), library, noon)

        assert (shown["state"], shown["remaining"], shown["quota"]) == ("sold_out", 0, 100)

    async def test_refuses_without_a_lock(self, drop, claims, locks, noon):
        answers = await together(claims, drop, [await a_resident(noon) for _ in range(5)])

        assert [type(one) for one in answers] == [SoldOut] * 5
        assert locks == []

    async def test_gives_to_whom_it_covers(self, drop, claims, noon, library):
        resident, programme = await a_resident(noon), await Programme.get()
        used = await a_drop(programme, noon - timedelta(hours=3))
        await Account.filter(name=AccountName.POOL).update(balance=10_000_000)
        kept = await claiming.claim(used.id, resident, library, at=noon)
        await Voucher.filter(id=kept.id).update(max_fen=260_000, reserved_fen=260_000)  # 400 yuan are left
        await Account.filter(name=AccountName.POOL).update(balance=40_000)

        (given,) = await together(claims, drop, [resident])

        assert isinstance(given, Answer)
        assert (await Voucher.get(drop_id=drop.id)).reserved_fen == 40_000


async def test_a_pool_that_has_less_than_the_quota_shows_what_it_covers(drop, noon, library):
    await Account.filter(name=AccountName.POOL).update(balance=350_000)

    shown = drop_json(await queries.drop(drop.id), library, noon)

    assert (shown["state"], shown["remaining"]) == ("open", 3)


async def test_a_drop_to_come_shows_its_quota(drop, noon, library):
    await Account.filter(name=AccountName.POOL).update(balance=0)
    await Drop.filter(id=drop.id).update(opens_at=noon + timedelta(hours=1))

    shown = drop_json(await queries.drop(drop.id), library, noon)

    assert (shown["state"], shown["remaining"]) == ("planned", 100)


async def test_somebody_without_room_is_not_taken_for_somebody_without_luck(drop, claims, noon, library):
    resident, programme = await a_resident(noon), await Programme.get()
    for hours in (3, 4, 5):
        earlier = await a_drop(programme, noon - timedelta(hours=hours))
        await claiming.claim(earlier.id, resident, library, at=noon)
    await Account.filter(name=AccountName.POOL).update(balance=0)

    (refused,) = await together(claims, drop, [resident])

    assert isinstance(refused, PersonalLimitReached)
