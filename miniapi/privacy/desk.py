"""What the support desk does with people's data. Every look is written down, with the reason."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from tortoise.transactions import in_transaction

from miniapi.accounts.actions import move_identity as move_person
from miniapi.accounts.actions import sign_out_everywhere
from miniapi.accounts.fingerprints import fingerprint
from miniapi.accounts.models import Resident
from miniapi.accounts.rules import tidy_id_number
from miniapi.audit.actions import record
from miniapi.drops import lottery
from miniapi.ids import new_id
from miniapi.keys import Keys
from miniapi.pickup.models import Pickup
from miniapi.privacy import queries
from miniapi.privacy.errors import (
    AccountLeft,
    NoIdentityToMove,
    NoSuchResident,
    SameAccount,
    TargetHasIdentity,
)
from miniapi.reminders.actions import move_to, owe
from miniapi.reminders.occasions import Occasion
from miniapi.staff.callers import SupportOfficer
from miniapi.staff.models import StaffRole
from miniapi.staff.reasons import fit_to_keep
from miniapi.tickets.models import Ticket
from miniapi.vouchers.models import Voucher
from miniapi.vouchers.moving import move_all

Revealed = Literal["phone", "name", "id_number"]
SearchedBy = Literal["id_number", "ticket", "pickup", "voucher"]
NOBODY = "resident:unknown"
AS_SUPPORT = {"role": StaffRole.SUPPORT.value}


@dataclass(frozen=True, slots=True)
class Moved:
    """An identity that has another account now, with the vouchers that went along."""

    at: datetime
    vouchers: int


async def look_at(resident_id: UUID, officer: SupportOfficer, *, at: datetime) -> Resident:
    """An account, to be shown masked. Raises NoSuchResident."""
    async with in_transaction():
        found = await queries.resident(resident_id)
        await _record(officer, "resident.viewed", found.id, at=at)
    return found


async def search(
    by: SearchedBy, wanted: str, officer: SupportOfficer, keys: Keys, *, at: datetime
) -> Resident:
    """Whose number or code this is, to be shown masked; also a search in vain is written down.

    Raises NoSuchResident.
    """
    async with in_transaction():
        found = await _owner(by, wanted, keys, at)
        await _record(officer, "resident.searched", found.id if found else None, at=at, by=by)
    if found is None:
        raise NoSuchResident()
    return found


async def reveal(
    resident_id: UUID,
    fields: Sequence[Revealed],
    reason: str,
    officer: SupportOfficer,
    keys: Keys,
    *,
    at: datetime,
) -> Mapping[Revealed, str | None]:
    """These fields in the clear, null where there is nothing. Raises NoSuchResident, ReasonPersonal."""
    because = await _because(reason, [resident_id], officer, keys, at=at)
    async with in_transaction():
        resident = await queries.resident(resident_id)
        sealed: Mapping[Revealed, str | None] = {
            "phone": resident.phone_sealed,
            "name": resident.name_sealed,
            "id_number": resident.id_number_sealed,
        }
        shown = {field: keys.unseal(kept) if (kept := sealed[field]) else None for field in fields}
        await _record(
            officer, "resident.revealed", resident.id, at=at, reason=because, fields=sorted(set(fields))
        )
    return shown


async def move_identity(
    source_id: UUID, target_id: UUID, reason: str, officer: SupportOfficer, keys: Keys, *, at: datetime
) -> Moved:
    """Move a verified person, with their vouchers, to another account; the old one is signed out.

    Raises SameAccount, NoSuchResident, ReasonPersonal, AccountLeft, NoIdentityToMove, TargetHasIdentity.
    """
    if source_id == target_id:
        raise SameAccount()
    because = await _because(reason, [source_id, target_id], officer, keys, at=at)
    async with in_transaction():
        source, target = await _both_held(source_id, target_id)
        if source.person_id is None:
            raise NoIdentityToMove()
        if target.person_id is not None:
            raise TargetHasIdentity()
        await move_person(source, target)
        moved = await move_all(source.person_id, source.id, target.id)
        registered = await lottery.move_all(source.person_id, source.id, target.id)
        await move_to([*moved, *registered], target.id)
        await sign_out_everywhere(source.id, at=at)
        await _tell_both(source.id, target.id, at=at)
        for resident, other in ((source, "moved_to"), (target, "moved_from")):
            await _record(
                officer,
                "identity.moved",
                resident.id,
                at=at,
                reason=because,
                before={"verified": resident is source},
                verified=resident is target,
                vouchers=len(moved),
                **{other: str(target.id if resident is source else source.id)},
            )
    return Moved(at, len(moved))


async def _owner(by: SearchedBy, wanted: str, keys: Keys, at: datetime) -> Resident | None:
    match by:
        case "id_number":
            mark = await fingerprint(tidy_id_number(wanted), keys, at=at)
            return await Resident.get_or_none(person__fingerprint=mark)
        case "ticket":
            ticket = await Ticket.get_or_none(number=wanted).select_related("resident")
            return ticket.resident if ticket else None
        case "pickup":
            pickup = await Pickup.get_or_none(number=wanted).select_related("resident")
            return pickup.resident if pickup else None
        case "voucher":
            voucher = await Voucher.get_or_none(code=wanted.upper()).select_related("resident")
            return voucher.resident if voucher else None


async def _because(
    reason: str, about: Sequence[UUID], officer: SupportOfficer, keys: Keys, *, at: datetime
) -> str:
    """The reason of a look or an act as the log keeps it. Raises NoSuchResident, ReasonPersonal."""
    residents = [await queries.resident(one) for one in about]
    return await fit_to_keep(reason, residents, officer, StaffRole.SUPPORT, keys, at=at)


async def _both_held(source_id: UUID, target_id: UUID) -> tuple[Resident, Resident]:
    """Both accounts, locked in one order so that no two wait for each other."""
    wanted = Resident.filter(id__in=[source_id, target_id]).order_by("id").select_for_update(no_key=True)
    found = {resident.id: resident for resident in await wanted}
    if len(found) < 2:
        raise NoSuchResident()
    if any(resident.left_at for resident in found.values()):
        raise AccountLeft()
    return found[source_id], found[target_id]


async def _tell_both(source_id: UUID, target_id: UUID, *, at: datetime) -> None:
    move = new_id()
    for resident_id, about in (
        (source_id, "您的实名身份已转到另一个账号，这个账号已退出登录；如果不是您本人申请的，请提交工单"),
        (target_id, "您的实名身份和消费券已转到这个账号"),
    ):
        fields: Mapping[str, str | datetime] = {
            "character_string1": move.hex[-10:],
            "phrase2": "已转移",
            "time3": at,
            "thing4": "实名身份已转移",
        }
        occasion = Occasion(kind="ticket", subject=move, at=at, about=about, fields=fields)
        await owe(resident_id, occasion, key=f"moved:{move}:{resident_id}", at=at)


async def _record(
    officer: SupportOfficer,
    action: str,
    resident_id: UUID | None,
    *,
    at: datetime,
    reason: str | None = None,
    before: Mapping[str, object] | None = None,
    **told: object,
) -> None:
    """One event about a resident."""
    await record(
        officer.actor,
        action,
        f"resident:{resident_id}" if resident_id else NOBODY,
        at=at,
        reason=reason,
        before=before,
        after={**AS_SUPPORT, **told},
    )
