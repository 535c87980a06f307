"""Holding a voucher out at a counter: a QR code and eight digits that work once, within a minute."""

import base64
import binascii
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from tortoise.transactions import in_transaction

from faq.packs import Library
from miniapi.accounts.actions import held
from miniapi.clock import SHANGHAI
from miniapi.database import sql
from miniapi.ids import new_id
from miniapi.keys import SIGNATURE_BYTES, Keys
from miniapi.vouchers.errors import (
    NoSuchPresentation,
    NoSuchVoucher,
    PresentationExpired,
    PresentationForged,
    VoucherExpired,
    VoucherNotUsable,
)
from miniapi.vouchers.models import Presentation, Voucher, VoucherState

PRESENTED_FOR = timedelta(seconds=60)
REMEMBERED_FOR = timedelta(days=1)  # so long a used or late code is told from a wrong one
DIGITS = 8
VERSION = "HX1."  # what a reader of QR codes sees first; a later form of payload begins otherwise
SIGNED_AS = b"presentation 1:"
UUID_BYTES = 16

# a code that somebody had within the last day is not given again
WRITE = """
    INSERT INTO presentation (id, voucher_id, code, presented_at, expires_at) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (code) DO NOTHING RETURNING id
"""
END_EARLIER = """
    UPDATE presentation SET expires_at = GREATEST(presented_at, $2)
    WHERE voucher_id = $1 AND used_at IS NULL AND expires_at > $2 RETURNING id
"""


@dataclass(frozen=True, slots=True)
class Presented:
    """What the owner shows: the text of a QR code, or the digits to be typed, until `expires_at`."""

    payload: str
    code: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Shown:
    """What a clerk scanned or typed: the text of a QR code, or the digits; the other is None."""

    payload: str | None = None
    code: str | None = None


async def present(
    voucher_id: UUID, resident_id: UUID, library: Library, keys: Keys, *, at: datetime
) -> Presented:
    """Hold a voucher out. Only the newest presentation works: a picture passed on dies with the next one.

    Raises NotSignedIn, NoSuchVoucher, VoucherExpired, VoucherNotUsable.
    """
    async with in_transaction():
        await held(resident_id)
        voucher = await Voucher.filter(id=voucher_id, resident_id=resident_id).select_for_update().first()
        if voucher is None:
            raise NoSuchVoucher()
        refuse_lapsed(voucher, library, at=at)
        refuse_ended(voucher)
        await sql.rows(END_EARLIER, voucher.id, at)
        presentation_id, expires_at = new_id(), at + PRESENTED_FOR
        code = await _under_a_free_code(presentation_id, voucher.id, at, expires_at)
    return Presented(_payload(presentation_id, voucher.id, keys), code, expires_at)


async def found(shown: Shown, keys: Keys) -> Presentation:
    """The presentation that was scanned or typed; whether it is still good is another question.

    Raises PresentationForged, PresentationExpired, NoSuchPresentation.
    """
    if shown.payload is None:
        known = await Presentation.get_or_none(code=shown.code)
    else:
        presentation_id, voucher_id = _read(shown.payload, keys)
        known = await Presentation.get_or_none(id=presentation_id, voucher_id=voucher_id)
    if known is None and shown.payload is None:
        raise NoSuchPresentation()
    if known is None:  # we signed it, and forgot it since
        raise PresentationExpired()
    return known


async def forget_presentations(*, at: datetime) -> int:
    """Delete the codes of yesterday; how many it were."""
    return await Presentation.filter(expires_at__lte=at - REMEMBERED_FOR).delete()


def refuse_lapsed(voucher: Voucher, library: Library, *, at: datetime) -> None:
    """Raises VoucherExpired, with the clause, for a voucher whose time is over."""
    if voucher.state_at(at) is not VoucherState.EXPIRED:
        return
    pack = library.packs[voucher.region]
    calendar = pack.rules.calendar(at.astimezone(SHANGHAI).date())
    cited = [pack.citation(calendar.cites, at)] if calendar else []
    raise VoucherExpired(valid_until=voucher.valid_until.astimezone(SHANGHAI), citations=cited)


def refuse_ended(voucher: Voucher) -> None:
    """Raises VoucherNotUsable for a voucher that was used or taken back."""
    if voucher.state is VoucherState.REDEEMED:
        raise VoucherNotUsable(because="这张券已经用过了。")
    if voucher.state is VoucherState.VOID:
        raise VoucherNotUsable(because="这张券已作废。")


async def _under_a_free_code(
    presentation_id: UUID, voucher_id: UUID, at: datetime, expires_at: datetime
) -> str:
    while True:
        code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"
        if await sql.rows(WRITE, presentation_id, voucher_id, code, at, expires_at):
            return code


def _payload(presentation_id: UUID, voucher_id: UUID, keys: Keys) -> str:
    content = presentation_id.bytes + voucher_id.bytes
    signed = content + keys.sign(SIGNED_AS + content)
    return VERSION + base64.urlsafe_b64encode(signed).decode()


def _read(payload: str, keys: Keys) -> tuple[UUID, UUID]:
    """Which presentation of which voucher a payload is. Raises PresentationForged."""
    try:
        signed = base64.b64decode(payload.removeprefix(VERSION), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise PresentationForged() from None
    content, signature = signed[: 2 * UUID_BYTES], signed[2 * UUID_BYTES :]
    whole = payload.startswith(VERSION) and len(signature) == SIGNATURE_BYTES
    if not whole or not keys.is_signed(SIGNED_AS + content, signature):
        raise PresentationForged()
    return UUID(bytes=content[:UUID_BYTES]), UUID(bytes=content[UUID_BYTES:])
