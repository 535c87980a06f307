"""What can be asked about staff accounts."""

from typing import Any

from miniapi.accounts.actions import hash_of
from miniapi.accounts.errors import TokenExpired
from miniapi.database import sql
from miniapi.errors import NotSignedIn
from miniapi.staff.models import Staff, StaffSession

IS_GOOD = "SELECT expires_at > clock_timestamp() AS good FROM staff_session WHERE id = $1"
EVERYBODY = """
    SELECT username, ARRAY(SELECT jsonb_array_elements_text(roles)) AS roles, demo,
           disabled_at IS NOT NULL AS disabled, coalesce(locked_until > clock_timestamp(), false) AS locked
    FROM staff ORDER BY username
"""


async def signed_in(token: str | None, *, demo: bool) -> Staff:
    """Whose session this token is; accounts of the demo only where `demo` says so.

    Raises NotSignedIn, TokenExpired.
    """
    if not token:
        raise NotSignedIn()
    session = await StaffSession.get_or_none(token_hash=hash_of(token)).select_related("staff")
    if session is None or session.ended_at is not None or session.staff.disabled_at is not None:
        raise NotSignedIn()
    if session.staff.demo and not demo:
        raise NotSignedIn()
    if not (await sql.rows(IS_GOOD, session.id))[0]["good"]:
        raise TokenExpired()
    return session.staff


async def is_staff(token: str | None, *, demo: bool) -> bool:
    """Whether this is a good token of somebody of the staff."""
    try:
        await signed_in(token, demo=demo)
    except NotSignedIn:
        return False
    return True


async def everybody() -> list[dict[str, Any]]:
    """All accounts by name: username, roles, demo, disabled, locked."""
    return await sql.rows(EVERYBODY)
