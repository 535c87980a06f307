"""Signing in and out, and the password one signs in with."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from tortoise.transactions import in_transaction

from miniapi.accounts.actions import hash_of
from miniapi.audit.actions import record
from miniapi.database import sql
from miniapi.ids import new_id
from miniapi.keys import Keys
from miniapi.staff import passwords, rules
from miniapi.staff.errors import OldPasswordWrong, PasswordUnfit, TotpRequired, WrongCredentials
from miniapi.staff.models import Staff

SOMEBODY = "anyone:sign-in"  # whoever fails to say who it is

# every attempt counts as a failure until it has succeeded, so that guesses made at once count too
COUNT = f"""
    UPDATE staff SET
        failures = CASE WHEN locked_until IS NULL THEN failures + 1 ELSE 1 END,
        locked_until = CASE WHEN locked_until IS NULL AND failures + 1 >= {rules.MOST_FAILURES}
                            THEN clock_timestamp() + interval '{rules.LOCKED_MINUTES} minutes' END
    WHERE username = $1 AND disabled_at IS NULL AND (NOT demo OR $2)
      AND (locked_until IS NULL OR locked_until <= clock_timestamp())
    RETURNING id, password_hash, totp_sealed, totp_last_step, failures,
              extract(epoch FROM clock_timestamp())::float8 AS moment
"""  # noqa: S608
GIVE_BACK = """
    UPDATE staff SET failures = greatest(failures - 1, 0), locked_until = NULL WHERE id = $1 RETURNING id
"""
ACCEPT = """
    UPDATE staff SET failures = 0, locked_until = NULL, password_hash = $3,
                     totp_last_step = coalesce($4, totp_last_step)
    WHERE id = $1 AND disabled_at IS NULL AND password_hash = $2
      AND ($4::bigint IS NULL OR totp_last_step IS NULL OR totp_last_step < $4)
    RETURNING id
"""
OPEN = f"""
    INSERT INTO staff_session (id, staff_id, token_hash, created_at, expires_at)
    VALUES ($1, $2, $3, clock_timestamp(), clock_timestamp() + interval '{rules.SIGNED_IN_HOURS} hours')
    RETURNING expires_at
"""  # noqa: S608
END = """
    UPDATE staff_session SET ended_at = clock_timestamp()
    WHERE staff_id = $1 AND token_hash = $2 AND ended_at IS NULL RETURNING id
"""
END_OTHERS = """
    UPDATE staff_session SET ended_at = clock_timestamp()
    WHERE staff_id = $1 AND token_hash <> $2 AND ended_at IS NULL RETURNING id
"""
END_ALL = """
    UPDATE staff_session SET ended_at = clock_timestamp()
    WHERE staff_id = $1 AND ended_at IS NULL RETURNING id
"""


FORGET = f"""
    DELETE FROM staff_session
    WHERE expires_at <= clock_timestamp() - interval '{rules.REMEMBER_SESSIONS_DAYS} days'
       OR ended_at <= clock_timestamp() - interval '{rules.REMEMBER_SESSIONS_DAYS} days'
    RETURNING id
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new session of the staff; the token is shown once and kept nowhere."""

    token: str
    expires_at: datetime
    account: Staff


@dataclass(frozen=True, slots=True)
class Attempt:
    """What an attempt to sign in is measured by."""

    id: UUID
    password_hash: str
    totp_sealed: str | None
    totp_last_step: int | None
    failures: int  # in a row, this one included
    moment: float  # seconds since 1970 by the machine's clock, as an authenticator shows it


async def sign_in(
    username: str, password: str, code: str | None, keys: Keys, *, demo: bool, at: datetime
) -> SignedIn:
    """Begin a session of twelve hours. Demo accounts get in only where `demo` says so.

    Raises WrongCredentials, and TotpRequired where the password was right and no code came along.
    """
    attempt = await _count(username, demo=demo)
    right = await passwords.is_right(password, attempt.password_hash if attempt else None)
    if attempt is None:
        raise WrongCredentials()
    if right and attempt.totp_sealed is not None and code is None:
        await sql.rows(GIVE_BACK, attempt.id)
        raise TotpRequired()
    step = _step(attempt, code, keys)
    if right and (attempt.totp_sealed is None or step is not None):
        kept = attempt.password_hash
        fresh = await passwords.hash_of(password) if passwords.is_outdated(kept) else kept
        async with in_transaction():
            if await sql.rows(ACCEPT, attempt.id, kept, fresh, step):
                return await _open(attempt.id, at)
    await _note_failure(attempt, at)
    raise WrongCredentials()


async def sign_out(account: Staff, token: str, *, at: datetime) -> None:
    """End the session of this token."""
    async with in_transaction():
        if await sql.rows(END, account.id, hash_of(token)):
            await record(f"staff:{account.id}", "staff.sign_out", f"staff:{account.id}", at=at)


async def sign_out_everywhere(account: Staff, *, at: datetime) -> None:
    """End every session of this account."""
    async with in_transaction():
        ended = await sql.rows(END_ALL, account.id)
        await record(
            f"staff:{account.id}",
            "staff.sign_out_everywhere",
            f"staff:{account.id}",
            at=at,
            after={"sessions_ended": len(ended)},
        )


async def forget_sessions() -> int:
    """Delete sessions that ended or expired a week ago; how many it were."""
    return len(await sql.rows(FORGET))


async def change_password(account: Staff, token: str, old: str, new: str, *, at: datetime) -> None:
    """Take a new password and end the account's other sessions. Raises PasswordUnfit, OldPasswordWrong."""
    if not rules.is_fit(new, account.username) or new == old:
        raise PasswordUnfit()
    attempt = await _count(account.username, demo=account.demo)
    right = await passwords.is_right(old, attempt.password_hash if attempt else None)
    if attempt is None:
        raise OldPasswordWrong()
    if right:
        fresh = await passwords.hash_of(new)
        async with in_transaction():
            if await sql.rows(ACCEPT, attempt.id, attempt.password_hash, fresh, None):
                ended = await sql.rows(END_OTHERS, account.id, hash_of(token))
                await record(
                    f"staff:{account.id}",
                    "staff.change_password",
                    f"staff:{account.id}",
                    at=at,
                    after={"sessions_ended": len(ended)},
                )
                return
    await _note_failure(attempt, at)
    raise OldPasswordWrong()


async def _count(username: str, *, demo: bool) -> Attempt | None:
    """One attempt more; None where there is no such account, or none that may try now."""
    counted: list[dict[str, Any]] = await sql.rows(COUNT, username, demo)
    return Attempt(**counted[0]) if counted else None


def _step(attempt: Attempt, code: str | None, keys: Keys) -> int | None:
    if attempt.totp_sealed is None or code is None:
        return None
    secret = keys.unseal(attempt.totp_sealed)
    return rules.step_of(secret, code, attempt.moment, attempt.totp_last_step)


async def _open(account_id: UUID, at: datetime) -> SignedIn:
    token = secrets.token_urlsafe(32)
    opened = await sql.rows(OPEN, new_id(), account_id, hash_of(token))
    await record(f"staff:{account_id}", "staff.sign_in", f"staff:{account_id}", at=at)
    return SignedIn(token, opened[0]["expires_at"], await Staff.get(id=account_id))


async def _note_failure(attempt: Attempt, at: datetime) -> None:
    if attempt.failures <= rules.FAILURES_TO_LOG:
        return
    locked = attempt.failures >= rules.MOST_FAILURES
    async with in_transaction():
        await record(
            SOMEBODY,
            "staff.locked" if locked else "staff.sign_in_failed",
            f"staff:{attempt.id}",
            at=at,
            after={"failures": attempt.failures},
        )
