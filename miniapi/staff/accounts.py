"""What operators do about staff accounts, from the command line of the host."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import pyotp
from tortoise.transactions import in_transaction

from miniapi.audit.actions import record
from miniapi.database import sql
from miniapi.database.races import refused_by
from miniapi.keys import Keys
from miniapi.staff import passwords, rules
from miniapi.staff.errors import NoSuchStaff, PasswordUnfit, RolesConflict, UsernameTaken, UsernameUnfit
from miniapi.staff.models import Staff, StaffRole
from miniapi.staff.signing_in import END_ALL

OPERATOR = "operator:cli"
ISSUER = "Huanxin"


@dataclass(frozen=True, slots=True)
class Handed:
    """What somebody of the staff is given; it is shown once and kept nowhere in clear. None: as it was."""

    password: str | None
    totp_secret: str | None


async def add(
    username: str, roles: Collection[StaffRole], keys: Keys, *, password: str | None, at: datetime
) -> Handed:
    """Make an account with a second factor; without a password given, one is made.

    Raises UsernameUnfit, UsernameTaken, RolesConflict, PasswordUnfit.
    """
    if not rules.is_username(username):
        raise UsernameUnfit()
    if because := rules.conflict(roles):
        raise RolesConflict(because=because)
    if password is not None and not rules.is_fit(password, username):
        raise PasswordUnfit()
    handed = Handed(password or passwords.made(), pyotp.random_base32())
    kept = await passwords.hash_of(handed.password or "")
    with refused_by("one_account_per_username", UsernameTaken(username=username)):
        async with in_transaction():
            account = await Staff.create(
                username=username,
                roles=sorted(set(roles)),
                password_hash=kept,
                totp_sealed=keys.seal(handed.totp_secret or ""),
                created_at=at,
            )
            after = {"roles": sorted(set(roles))}
            await record(OPERATOR, "staff.add", f"staff:{account.id}", at=at, after=after)
    return handed


async def disable(username: str, *, at: datetime) -> None:
    """Let somebody in no more and end their sessions. Raises NoSuchStaff."""
    async with in_transaction():
        account = await _held(username)
        before, account.disabled_at = account.disabled_at, account.disabled_at or at
        await account.save(update_fields=["disabled_at"])
        ended = await sql.rows(END_ALL, account.id)
        await record(
            OPERATOR,
            "staff.disable",
            f"staff:{account.id}",
            at=at,
            before={"disabled": before is not None},
            after={"disabled": True, "sessions_ended": len(ended)},
        )


async def reset(username: str, keys: Keys, *, password: bool, totp: bool, at: datetime) -> Handed:
    """Hand out a new password, a new second factor or both, and let the account in again.

    It is unlocked and no longer disabled; all its sessions end. Raises NoSuchStaff.
    """
    handed = Handed(passwords.made() if password else None, pyotp.random_base32() if totp else None)
    kept = await passwords.hash_of(handed.password) if handed.password else None
    async with in_transaction():
        account = await _held(username)
        account.password_hash = kept or account.password_hash
        if handed.totp_secret:
            account.totp_sealed, account.totp_last_step = keys.seal(handed.totp_secret), None
        was_disabled = account.disabled_at is not None
        account.failures, account.locked_until, account.disabled_at = 0, None, None
        await account.save()
        ended = await sql.rows(END_ALL, account.id)
        await record(
            OPERATOR,
            "staff.reset",
            f"staff:{account.id}",
            at=at,
            before={"disabled": was_disabled},
            after={"password": password, "totp": totp, "sessions_ended": len(ended), "disabled": False},
        )
    return handed


def address_for_authenticator(username: str, totp_secret: str) -> str:
    """The otpauth:// address that an authenticator on a phone reads, as a QR code or by hand."""
    return pyotp.TOTP(totp_secret).provisioning_uri(name=username, issuer_name=ISSUER)


async def _held(username: str) -> Staff:
    account = await Staff.filter(username=username).select_for_update().first()
    if account is None:
        raise NoSuchStaff(username=username)
    return account
