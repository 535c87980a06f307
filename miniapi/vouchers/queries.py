"""What people can ask about vouchers."""

from datetime import datetime, timedelta
from uuid import UUID

from tortoise.expressions import Q
from tortoise.functions import Sum
from tortoise.queryset import QuerySet

from miniapi.accounts.models import Resident
from miniapi.money import Fen
from miniapi.programmes.queries import standing_programme
from miniapi.reminders.occasions import Occasion
from miniapi.vouchers.errors import NoSuchVoucher
from miniapi.vouchers.expiring import about_to_lapse
from miniapi.vouchers.models import Voucher, VoucherEvent, VoucherState

MOMENT = timedelta(microseconds=1)  # the least that the database tells apart


def wallet(resident_id: UUID) -> "QuerySet[Voucher]":
    """All vouchers of a resident."""
    return Voucher.filter(resident_id=resident_id)


def in_state(vouchers: "QuerySet[Voucher]", state: VoucherState, at: datetime) -> "QuerySet[Voucher]":
    """Those in a state as people see it at a time: what has lapsed is expired before any job ran."""
    lapsed_before = Voucher.lapsed_before(at)
    match state:
        case VoucherState.ISSUED:
            return vouchers.filter(state=VoucherState.ISSUED, valid_until__gt=lapsed_before)
        case VoucherState.EXPIRED:
            lapsed = Q(state=VoucherState.ISSUED, valid_until__lte=lapsed_before)
            return vouchers.filter(Q(state=VoucherState.EXPIRED) | lapsed)
    return vouchers.filter(state=state)


async def voucher(voucher_id: UUID, resident_id: UUID) -> Voucher:
    """One voucher of this resident. Raises NoSuchVoucher, also for somebody else's."""
    found = await wallet(resident_id).get_or_none(id=voucher_id)
    if found is None:
        raise NoSuchVoucher()
    return found


async def known(voucher_id: UUID) -> Voucher:
    """One voucher with its owner, whoever that is. Raises NoSuchVoucher."""
    found = await Voucher.get_or_none(id=voucher_id).select_related("resident")
    if found is None:
        raise NoSuchVoucher()
    return found


async def no_earlier(at: datetime, voucher_id: UUID) -> datetime:
    """This time, or just after the last thing that happened to a voucher that is locked.

    While we waited for it another process, its clock a moment ahead, may have been faster.
    """
    last = await VoucherEvent.filter(voucher_id=voucher_id).order_by("-at").first()
    return just_after(last.at if last else None, at)


def just_after(last: datetime | None, at: datetime) -> datetime:
    """This time, unless something is on record of a later one: then the moment after that."""
    return at if last is None or last <= at else last + MOMENT


async def used_by(person_id: UUID, programme_id: UUID) -> Fen:
    """What a person has kept or has reserved in a programme, over all shops and drops."""
    reserved, kept = await _sums(person_id, programme_id)
    return Fen(reserved + kept)


async def kept_by(resident: Resident | None, programme_id: UUID) -> Fen:
    """What the person behind an account has kept in a programme; nobody has kept nothing."""
    if resident is None or resident.person_id is None:
        return Fen(0)
    _, kept = await _sums(resident.person_id, programme_id)
    return Fen(kept)


async def used_in(resident: Resident, region: str, *, at: datetime) -> Fen:
    """What the person behind an account has kept or has reserved in the programme of a region."""
    programme = await standing_programme(region, at=at)
    if programme is None or resident.person_id is None:
        return Fen(0)
    return await used_by(resident.person_id, programme.id)


async def kept_in(resident: Resident | None, region: str, *, at: datetime) -> Fen:
    """What the person behind an account has kept in the programme of a region."""
    programme = await standing_programme(region, at=at)
    return await kept_by(resident, programme.id) if programme else Fen(0)


async def occasion(voucher_id: UUID, resident_id: UUID, at: datetime) -> Occasion:
    """The expiry of a voucher, as something to be reminded of. Raises NoSuchVoucher."""
    found = await voucher(voucher_id, resident_id)
    if found.state_at(at) is not VoucherState.ISSUED:
        raise NoSuchVoucher()
    return about_to_lapse(found.id, found.code, found.valid_until)


async def _sums(person_id: UUID, programme_id: UUID) -> tuple[int, int]:
    own = Voucher.filter(person_id=person_id, drop__programme_id=programme_id)
    rows = await own.annotate(reserved=Sum("reserved_fen"), kept=Sum("subsidy_fen")).values(
        "reserved", "kept"
    )
    return sum(int(row["reserved"] or 0) for row in rows), sum(int(row["kept"] or 0) for row in rows)
