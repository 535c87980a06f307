import hashlib
from datetime import timedelta

from miniapi.accounts.models import Person, Session
from miniapi.chat.models import Conversation
from miniapi.database import sql
from miniapi.http.models import KeptAnswer
from miniapi.ids import new_id
from miniapi.privacy import actions
from miniapi.privacy.cleaning import clean_up
from miniapi.redemption.models import CounterQuote
from miniapi.reminders.actions import first_seen
from miniapi.reminders.models import SeenPush
from miniapi.staff.models import StaffRole, StaffSession
from tests.factories.counter import a_clerk, a_counter_quote, a_redemption, a_voucher
from tests.factories.people import a_resident
from tests.factories.staff import a_desk_of, a_staff

HASHES = (f"{number:064d}" for number in range(1, 100))


async def a_session(resident, begins, *, ended_at=None):
    return await Session.create(
        resident=resident,
        token_hash=next(HASHES),
        created_at=begins,
        expires_at=begins + timedelta(days=30),
        ended_at=ended_at,
    )


async def an_answer(kept_until):
    return await KeptAnswer.create(
        caller=new_id(),
        route="r",
        key="k",
        body_hash="0" * 64,
        status=200,
        answer_sealed="s",
        kept_until=kept_until,
    )


async def test_forgets_what_had_its_time_and_nothing_else(database, noon, keys):
    resident = await a_resident(noon)
    long_ago = noon - timedelta(days=40)
    good = await a_session(resident, noon)
    just_expired = await a_session(resident, noon - timedelta(days=30))
    await a_session(resident, long_ago)
    await a_session(resident, noon, ended_at=noon - timedelta(days=8))
    kept = await an_answer(noon + timedelta(seconds=1))
    await an_answer(noon)
    await first_seen("old", at=noon - timedelta(days=8))
    await first_seen("new", at=noon)
    sealed = {"memory_sealed": keys.seal("{}")}
    await Conversation.create(name="long-ago", updated_at=noon - timedelta(days=90), **sealed)
    await Conversation.create(name="lately-1", updated_at=noon - timedelta(days=89), **sealed)
    await Conversation.create(
        name="somebodys", owner=resident, updated_at=noon - timedelta(days=900), **sealed
    )

    gone = await clean_up(at=noon)

    assert gone == {"sessions": 2, "kept answers": 1, "seen pushes": 1, "nameless conversations": 1}
    assert {one.id for one in await Session.all()} == {good.id, just_expired.id}
    assert (await KeptAnswer.get()).id == kept.id
    assert (await SeenPush.get()).dedupe_key == hashlib.sha256(b"new").hexdigest()
    assert {one.name for one in await Conversation.all()} == {"lately-1", "somebodys"}
    assert await clean_up(at=noon) == {}


async def test_forgets_what_was_held_out_and_quoted_yesterday(database, noon, library):
    clerk = await a_clerk(noon)
    sold = await a_redemption(noon, library, clerk=clerk)
    await a_counter_quote(await a_voucher(noon, library), clerk, library, at=noon)

    gone = await clean_up(at=noon + timedelta(days=1, minutes=10))

    assert {name: gone[name] for name in ("presentations", "quotes")} == {"presentations": 2, "quotes": 1}
    assert (await CounterQuote.get()).id == sold.quote_id


async def test_forgets_sessions_of_the_staff_by_the_machines_time(database, noon):
    for days in (6, 8):
        staff = await a_staff(noon, StaffRole.BUREAU)
        await a_desk_of(staff)
        await sql.rows(
            "UPDATE staff_session SET created_at = created_at - $1::interval, expires_at = expires_at - $1"
            " WHERE staff_id = $2 RETURNING id",
            timedelta(days=days),
            staff.id,
        )

    assert await clean_up(at=noon) == {"staff sessions": 1}
    assert await StaffSession.all().count() == 1


async def test_forgets_the_fingerprint_of_somebody_who_left_and_used_nothing(life, noon):
    unused = await a_resident(noon)
    await actions.leave(unused.id, at=noon)
    await actions.leave(life.resident.id, at=noon)

    gone = await clean_up(at=noon)

    assert gone == {"fingerprints": 1}
    assert (await Person.get()).id == life.resident.person_id
