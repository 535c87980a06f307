"""Owing notices, asking for reminders, counting consents."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from tortoise.transactions import in_transaction

from miniapi.accounts.actions import held
from miniapi.accounts.models import Resident
from miniapi.database import sql
from miniapi.http.answers import dumps
from miniapi.ids import new_ids
from miniapi.reminders import rules
from miniapi.reminders.errors import NoSuchReminder, TooLate
from miniapi.reminders.models import Grant, Notice, NoticeState, SeenPush
from miniapi.reminders.occasions import Occasion

LONGEST_TEMPLATE = 64  # characters of its id
ADD_GRANTS = """
    INSERT INTO grant_count (id, resident_id, template_id, remaining)
    SELECT gen_random_uuid(), $1, template_id, count(*)
    FROM unnest($2::text[]) AS accepted (template_id) GROUP BY template_id ORDER BY template_id
    ON CONFLICT ON CONSTRAINT one_count_per_template
    DO UPDATE SET remaining = grant_count.remaining + excluded.remaining
"""
NOTE_TEMPLATES = """
    INSERT INTO message_template (kind, template_id)
    SELECT * FROM unnest($1::text[], $2::text[]) AS found (kind, template_id) ORDER BY kind
    ON CONFLICT (kind) DO UPDATE SET template_id = excluded.template_id
"""
# once consents were counted by kind: those are of its template
MOVE_GRANTS = """
    WITH old AS (
        DELETE FROM grant_count g USING unnest($1::text[], $2::text[]) AS found (kind, template_id)
        WHERE g.template_id = found.kind RETURNING g.id, g.resident_id, found.template_id, g.remaining
    )
    INSERT INTO grant_count (id, resident_id, template_id, remaining) SELECT * FROM old
    ON CONFLICT ON CONSTRAINT one_count_per_template
    DO UPDATE SET remaining = grant_count.remaining + excluded.remaining
"""
# what is being sent may still come; it is not tried again
CALL_OFF = f"""
    UPDATE notice SET
        state = CASE state WHEN '{NoticeState.OWED}' THEN '{NoticeState.CANCELLED}' ELSE state END,
        done_at = CASE state WHEN '{NoticeState.OWED}' THEN $2::timestamptz END,
        called_off_at = $2, retry_at = NULL
"""  # noqa: S608  words of ours
CALL_OFF_ALL = f"""{CALL_OFF}
    WHERE (subject = $1 AND kind IN ('drop', 'pickup', 'voucher_expiry') AND state = 'owed'
       OR subject = $1 AND kind IN ('drop', 'pickup', 'voucher_expiry') AND state = 'sending')
      AND dedupe_key NOT LIKE '{rules.STANDS}%'
    RETURNING id
"""
CALL_OFF_ONE = f"{CALL_OFF} WHERE id = $1 AND state IN ('owed', 'sending') RETURNING id"
OWE = f"""
    INSERT INTO notice (id, resident_id, kind, subject, dedupe_key, about, fields_json, too_late_at,
                        asked_for, due_at, created_at, state, attempts)
    SELECT *, false, $9, $9, '{NoticeState.OWED}', 0
    FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::uuid[], $5::text[], $6::text[], $7::jsonb[],
                $8::timestamptz[])
    ON CONFLICT (dedupe_key) DO NOTHING
"""  # noqa: S608  a word of ours
SEE = (
    "INSERT INTO seen_push (dedupe_key, seen_at) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING dedupe_key"
)


async def owe(resident_id: UUID, occasion: Occasion, *, key: str, at: datetime) -> None:
    """Owe a person word of something that has just happened. Inside the transaction that causes it."""
    await owe_all([(resident_id, occasion, key)], at=at)


async def owe_all(owed: Sequence[tuple[UUID, Occasion, str]], *, at: datetime) -> None:
    """Owe many people word at once: whom, of what, under which key. Inside the transaction that causes it."""
    await sql.write(owing(owed, at=at))


def owing(owed: Sequence[tuple[UUID, Occasion, str]], *, at: datetime) -> Sequence[sql.Write]:
    """What `owe_all` writes."""
    rows = [
        (
            notice_id,
            resident_id,
            occasion.kind,
            occasion.subject,
            key,
            occasion.about,
            dumps(rules.shown(occasion.fields)),
            max(occasion.at, at) + rules.STILL_USEFUL_FOR,
        )
        for notice_id, (resident_id, occasion, key) in zip(new_ids(len(owed)), owed, strict=True)
    ]
    return [sql.Write(OWE, [*map(list, zip(*rows, strict=True)), at])] if rows else []


async def ask(resident_id: UUID, occasion: Occasion, *, minutes_before: int, at: datetime) -> Notice:
    """Owe a reminder somebody asked for; asking twice gives the same one. Raises TooLate."""
    due = rules.due_at(occasion.at, minutes_before)
    if due <= at:
        raise TooLate(about=occasion.about, due_at=due)
    key = _asked(resident_id, occasion, due)
    wanted = _notice(resident_id, occasion, key, due, at, asked_for=True)
    async with in_transaction():
        await held(resident_id)
        await _owe_asked([wanted])
        return await Notice.get(dedupe_key=key)


async def cancel(reminder_id: UUID, resident_id: UUID, *, at: datetime) -> None:
    """Take back a reminder that has not been sent. Raises NoSuchReminder."""
    own = Notice.filter(id=reminder_id, resident_id=resident_id, asked_for=True)
    if not await own.exists():
        raise NoSuchReminder()
    await sql.rows(CALL_OFF_ONE, reminder_id, at)


async def call_off(subject: UUID, *, at: datetime) -> None:
    """Cancel what is to come about something that will not happen. Inside the transaction that decides it.

    What is owed under a key of `rules.STANDS` is told nevertheless.
    """
    await sql.rows(CALL_OFF_ALL, subject, at)


async def put_elsewhen(occasion: Occasion, *, was_at: datetime, at: datetime) -> None:
    """Call off what is to come about something that has another time now, and owe anew what was asked for.

    Each as long before the new time as it was before the old one, unless that is over. Inside the
    transaction that moves it.
    """
    asked = await Notice.filter(
        subject=occasion.subject, kind=occasion.kind, asked_for=True, state=NoticeState.OWED
    )
    await call_off(occasion.subject, at=at)
    anew = [(one.resident_id, one.due_at + (occasion.at - was_at)) for one in asked]
    await _owe_asked(
        [
            _notice(resident_id, occasion, _asked(resident_id, occasion, due), due, at, asked_for=True)
            for resident_id, due in anew
            if due > at
        ]
    )


async def add_grants(resident_id: UUID, templates: Sequence[str]) -> None:
    """One accepted dialog allows one message of each template. Raises NotSignedIn of who has left."""
    if templates:
        async with in_transaction():
            await held(resident_id)
            await sql.rows(ADD_GRANTS, resident_id, templates)


async def note_templates(ids: Mapping[str, str]) -> None:
    """Remember the template of each kind, for all processes."""
    async with in_transaction():
        await sql.rows(NOTE_TEMPLATES, list(ids), list(ids.values()))
        await sql.rows(MOVE_GRANTS, list(ids), list(ids.values()))


async def take_in_grants(
    openid: str, answers: Sequence[tuple[str, str]], *, turned_off: bool, dedupe_key: str, at: datetime
) -> None:
    """Count the consents WeChat pushed, by template, whether we know its kind or not. Once a push.

    `turned_off`: the answers were given on the settings page, where a reject takes all consents back.
    """
    async with in_transaction():
        if not await first_seen(dedupe_key, at=at):
            return
        resident = await Resident.filter(openid=openid).select_for_update(no_key=True).first()
        if resident is None:
            return
        if not turned_off:
            accepted = [template for template, answer in answers if answer == "accept"]
            await add_grants(resident.id, [one for one in accepted if len(one) <= LONGEST_TEMPLATE])
            return
        refused = [template for template, answer in answers if answer == "reject"]
        await Grant.filter(resident_id=resident.id, template_id__in=refused).update(remaining=0)


async def move_to(subjects: Sequence[UUID], target_id: UUID) -> None:
    """Let another account of the same person know instead: these things are there now."""
    await Notice.filter(subject__in=list(subjects)).update(resident_id=target_id)


async def erase_all(resident_id: UUID) -> int:
    """Forget what is owed to somebody who leaves, and what they consented to be sent; how many notices."""
    gone = await Notice.filter(resident_id=resident_id).delete()  # first, as whoever sends them does
    await Grant.filter(resident_id=resident_id).delete()
    return gone


async def forget_pushes(*, at: datetime) -> int:
    """Delete which pushes were seen a week ago: WeChat repeats one for minutes; how many it were."""
    return await SeenPush.filter(seen_at__lte=at - rules.REMEMBER_PUSHES).delete()


async def first_seen(dedupe_key: str, *, at: datetime) -> bool:
    """Whether a push comes for the first time; its key may name an openid, so only a hash is kept."""
    rows = await sql.rows(SEE, hashlib.sha256(dedupe_key.encode()).hexdigest(), at)
    return bool(rows)


async def _owe_asked(wanted: Sequence[Notice]) -> None:
    """Owe what somebody asked for, also where it was owed before and called off."""
    await Notice.bulk_create(wanted, ignore_conflicts=True)
    again = Notice.filter(dedupe_key__in=[one.dedupe_key for one in wanted])
    await again.filter(state=NoticeState.CANCELLED).update(state=NoticeState.OWED, done_at=None)
    await again.update(called_off_at=None)


def _asked(resident_id: UUID, occasion: Occasion, due: datetime) -> str:
    return f"asked:{resident_id}:{occasion.kind}:{occasion.subject}:{due.isoformat()}"


def _notice(
    resident_id: UUID, occasion: Occasion, key: str, due: datetime, at: datetime, *, asked_for: bool = False
) -> Notice:
    return Notice(
        resident_id=resident_id,
        kind=occasion.kind,
        subject=occasion.subject,
        dedupe_key=key,
        asked_for=asked_for,
        about=occasion.about,
        fields_json=rules.shown(occasion.fields),
        due_at=due,
        too_late_at=max(occasion.at, due) + rules.STILL_USEFUL_FOR,
        created_at=at,
    )
