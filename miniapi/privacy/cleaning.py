"""Forgetting what nobody needs any more; each table by an action of its own feature."""

from collections.abc import Mapping
from datetime import datetime

from miniapi.accounts import actions as accounts
from miniapi.chat import actions as chat
from miniapi.chat import missed
from miniapi.database import sql
from miniapi.http.idempotency import forget_answers
from miniapi.pickup import crews, photos
from miniapi.redemption.quoting import forget_quotes
from miniapi.reminders import actions as reminders
from miniapi.staff import signing_in as staff
from miniapi.vouchers.presenting import forget_presentations

# whoever has left and never had a voucher; one who is being verified just now is skipped
FORGET_PEOPLE = """
    DELETE FROM person WHERE id IN (
        SELECT id FROM person p
        WHERE NOT EXISTS (SELECT FROM resident r WHERE r.person_id = p.id)
          AND NOT EXISTS (SELECT FROM voucher v WHERE v.person_id = p.id)
        FOR UPDATE SKIP LOCKED
    ) RETURNING id
"""


async def clean_up(*, at: datetime) -> Mapping[str, int]:
    """Delete what has had its time, and say how many of which; nothing where there was nothing."""
    gone = {
        "sessions": await accounts.forget_sessions(at=at),
        "staff sessions": await staff.forget_sessions(),
        "kept answers": await forget_answers(at=at),
        "seen pushes": await reminders.forget_pushes(at=at),
        "presentations": await forget_presentations(at=at),
        "quotes": await forget_quotes(at=at),
        "nameless conversations": await chat.forget_nameless(at=at),
        "missed questions": await missed.forget_old(at=at),
        "invitations": await crews.forget_invitations(at=at),
        "photos": await photos.forget_old(at=at),
        "fingerprints": len(await sql.rows(FORGET_PEOPLE)),
    }
    return {what: many for what, many in gone.items() if many}
