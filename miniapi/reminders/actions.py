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

ADD_GRANT = """
    INSERT INTO grant_count (id, resident_id, kind, remaining) VALUES (gen_random_uuid(), $1, $2, 1)
    ON CONFLICT ON CONSTRAINT one_count_per_kind DO UPDATE SET remaining = grant_count.remaining + 1
"""
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
    if rows:
        await sql.rows(OWE, *map(list, zip(*rows, strict=True)), at)


async def ask(resident_id: UUID, occasion: Occasion, *, minutes_before: int, at: datetime) -> Notice:
    """Owe a reminder somebody asked for; asking twice gives the same one. Raises TooLate."""
    due = rules.due_at(occasion.at, minutes_before)
    if due <= at:
        raise TooLate(about=occasion.about, due_at=due)
    key = f"asked:{resident_id}:{occasion.kind}:{occasion.subject}:{due.isoformat()}"
    wanted = _notice(resident_id, occasion, key, due, at, asked_for=True)
    async with in_transaction():
        await held(resident_id)
        await Notice.bulk_create([wanted], ignore_conflicts=True)
        await Notice.filter(dedupe_key=key, state=NoticeState.CANCELLED).update(
            state=NoticeState.OWED, done_at=None
        )
        return await Notice.get(dedupe_key=key)


async def cancel(reminder_id: UUID, resident_id: UUID, *, at: datetime) -> None:
    """Take back a reminder that has not been sent. Raises NoSuchReminder."""
    own = Notice.filter(id=reminder_id, resident_id=resident_id, asked_for=True)
    if not await own.exists():
        raise NoSuchReminder()
    await own.filter(state=NoticeState.OWED).update(state=NoticeState.CANCELLED, done_at=at)


async def call_off(subject: UUID, *, at: datetime) -> None:
    """Cancel what is owed about something that will not happen. Inside the transaction that decides it."""
    await Notice.filter(subject=subject, state=NoticeState.OWED).update(
        state=NoticeState.CANCELLED, done_at=at
    )


async def add_grants(resident_id: UUID, kinds: Sequence[str]) -> None:
    """One accepted dialog allows one message of each kind."""
    for kind in kinds:
        await sql.rows(ADD_GRANT, resident_id, kind)


async def take_in_grants(
    openid: str,
    answers: Sequence[tuple[str, str]],
    kinds: Mapping[str, str],
    *,
    turned_off: bool,
    dedupe_key: str,
    at: datetime,
) -> None:
    """Count the consents WeChat pushed; `kinds` says which kind a template is of. Once a push.

    `turned_off`: the answers were given on the settings page, where a reject takes all consents back.
    """
    async with in_transaction():
        if not await first_seen(dedupe_key, at=at):
            return
        resident = await Resident.filter(openid=openid).select_for_update(no_key=True).first()
        if resident is None:
            return
        known = [(kinds[template], answer) for template, answer in answers if template in kinds]
        if not turned_off:
            await add_grants(resident.id, [kind for kind, answer in known if answer == "accept"])
            return
        refused = [kind for kind, answer in known if answer == "reject"]
        await Grant.filter(resident_id=resident.id, kind__in=refused).update(remaining=0)


async def move_to(subjects: Sequence[UUID], target_id: UUID) -> None:
    """Let another account of the same person know instead: these things are there now."""
    await Notice.filter(subject__in=list(subjects)).update(resident_id=target_id)


async def erase_all(resident_id: UUID) -> int:
    """Forget what is owed to somebody who leaves, and what they consented to be sent; how many notices."""
    await Grant.filter(resident_id=resident_id).delete()
    return await Notice.filter(resident_id=resident_id).delete()


async def forget_pushes(*, at: datetime) -> int:
    """Delete which pushes were seen a week ago: WeChat repeats one for minutes; how many it were."""
    return await SeenPush.filter(seen_at__lte=at - rules.REMEMBER_PUSHES).delete()


async def first_seen(dedupe_key: str, *, at: datetime) -> bool:
    """Whether a push comes for the first time; its key may name an openid, so only a hash is kept."""
    rows = await sql.rows(SEE, hashlib.sha256(dedupe_key.encode()).hexdigest(), at)
    return bool(rows)


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
