"""How vouchers end unused: they lapse, their owner leaves, the bureau voids them. The pool gets it back."""

import contextlib
import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg
from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from miniapi.accounts.actions import held
from miniapi.audit.actions import Event, record_all
from miniapi.database import sql
from miniapi.errors import NotSignedIn, Refusal
from miniapi.keys import Keys
from miniapi.ledger import actions as ledger
from miniapi.ledger.errors import MovedBefore
from miniapi.ledger.models import AccountName
from miniapi.money import Fen
from miniapi.reminders.actions import call_off, owe
from miniapi.reminders.occasions import Occasion
from miniapi.staff.callers import Bureau
from miniapi.staff.models import StaffRole
from miniapi.staff.reasons import fit_to_keep
from miniapi.vouchers import queries
from miniapi.vouchers.errors import VoucherEnded, VoucherMoved
from miniapi.vouchers.models import Voucher, VoucherEvent, VoucherState

log = logging.getLogger(__name__)

BATCH = 200
JOB = "job:expire_vouchers"
VOIDED = "voucher.voided"

# a counter that has promised something for it must not keep the promise; counters build on vouchers
GIVE_QUOTE_BACK = """
    UPDATE counter_quote SET state = 'given_back' WHERE voucher_id = $1 AND state = 'open' RETURNING id
"""


@dataclass(frozen=True, slots=True)
class _End:
    """How a voucher ends unused: what it is then, why the ledger moved, what its history and the log say."""

    state: VoucherState
    reason: str
    note: str
    action: str


@dataclass(frozen=True, slots=True)
class Ended:
    """What the log is told of vouchers that ended together, and the time that they ended at."""

    events: Sequence[Event]
    at: datetime

    @property
    def voided(self) -> int:
        """How many of them were voided; the others had lapsed."""
        return sum(event.action == VOIDED for event in self.events)


LAPSED = _End(VoucherState.EXPIRED, "expiry", "过期失效", "voucher.expired")
LEFT = _End(VoucherState.VOID, "void", "账号注销，券作废", VOIDED)


async def expire_overdue(*, at: datetime) -> int:
    """Expire vouchers whose time is over and give their reserve back to the pool; how many it were.

    One that cannot be expired is logged and left, and does not stop those behind it; neither does one that
    somebody holds for too long: the first LockNotAvailableError is raised at the end.
    """
    expired, stuck, held_up = 0, set[UUID](), list[Exception]()
    while ids := await _overdue(stuck, at=at):
        for voucher_id in ids:
            try:
                expired += await _expire(voucher_id, at=at)
            except (Refusal, IntegrityError, MovedBefore) as problem:
                log.error("voucher %s cannot be expired: %s", voucher_id, problem)
                stuck.add(voucher_id)
            except asyncpg.LockNotAvailableError as problem:
                held_up.append(problem)
                stuck.add(voucher_id)
    if held_up:
        raise held_up[0]
    return expired


async def end_all(resident_id: UUID, *, at: datetime) -> Ended:
    """Void what somebody who leaves has not used; what has lapsed is expired.

    Call it inside a transaction that holds the account, and write down the events that come back at its end.
    """
    unused = Voucher.filter(resident_id=resident_id, state=VoucherState.ISSUED)
    # every voucher is locked before the first account, as by who expires one; then one order of books
    await unused.select_for_update().order_by("id")
    found = await unused.order_by("drop__programme__code", "id").select_related("drop__programme")
    ends = [(voucher, LEFT if voucher.is_valid(at) else LAPSED) for voucher in found]
    at = max([at, *[await queries.no_earlier(at, voucher.id) for voucher in found]])
    events = [await _written(voucher, end, f"resident:{resident_id}", at=at) for voucher, end in ends]
    for voucher, end in ends:
        await _give_back(voucher, end, at=at)
    return Ended(events, at)


async def void(voucher_id: UUID, reason: str, officer: Bureau, keys: Keys, *, at: datetime) -> Voucher:
    """Take a voucher back that should not be; its owner is told why, and how to object.

    Raises NoSuchVoucher, ReasonPersonal, VoucherMoved, VoucherEnded.
    """
    owner = (await queries.known(voucher_id)).resident
    because = await fit_to_keep(reason, [owner], officer, StaffRole.BUREAU, keys, at=at)
    async with in_transaction():
        with contextlib.suppress(NotSignedIn):  # they have left, and what they had has ended
            await held(owner.id)
        voucher = await _locked(voucher_id)
        if voucher.resident_id != owner.id:
            raise VoucherMoved()
        if (state := voucher.state_at(at)) is not VoucherState.ISSUED:
            raise VoucherEnded(state=state)
        taken_back = _End(VoucherState.VOID, "void", f"工作人员作废：{because}；有异议请提交投诉工单", VOIDED)
        at = await queries.no_earlier(at, voucher.id)
        event = await _written(voucher, taken_back, officer.actor, because, at=at)
        await call_off(voucher.id, at=at)
        await owe(owner.id, _taken_back(voucher, because, at), key=f"void:{voucher.id}", at=at)
        await _give_back(voucher, taken_back, at=at)
        await record_all([event], at=at)
    return voucher


async def _overdue(stuck: Collection[UUID], *, at: datetime) -> list[UUID]:
    lapsed = Voucher.filter(state=VoucherState.ISSUED, valid_until__lte=Voucher.lapsed_before(at))
    lapsed = lapsed.exclude(id__in=stuck) if stuck else lapsed
    return [voucher.id for voucher in await lapsed.order_by("valid_until").limit(BATCH)]


async def _expire(voucher_id: UUID, *, at: datetime) -> bool:
    async with in_transaction():
        voucher = await _locked(voucher_id)
        if voucher.state is not VoucherState.ISSUED:
            return False
        at = await queries.no_earlier(at, voucher.id)
        event = await _written(voucher, LAPSED, JOB, at=at)
        await _give_back(voucher, LAPSED, at=at)
        await record_all([event], at=at)
    return True


async def _locked(voucher_id: UUID) -> Voucher:
    voucher = await Voucher.filter(id=voucher_id).select_for_update().get()
    await voucher.fetch_related("drop__programme")
    return voucher


async def _written(
    voucher: Voucher, end: _End, actor: str, because: str | None = None, *, at: datetime
) -> Event:
    """End a voucher that is issued and locked; the event that the transaction must write down last.

    Its reserve is given back by `_give_back`, late: everybody claims from the pool.
    """
    await sql.rows(GIVE_QUOTE_BACK, voucher.id)
    await Voucher.filter(id=voucher.id).update(state=end.state, reserved_fen=0)
    await VoucherEvent.create(voucher=voucher, state=end.state, at=at, note=end.note)
    return Event(
        actor,
        end.action,
        f"voucher:{voucher.id}",
        because,
        before={"state": VoucherState.ISSUED, "reserved_fen": voucher.reserved_fen},
        after={"state": end.state, "reserved_fen": 0},
    )


async def _give_back(voucher: Voucher, end: _End, *, at: datetime) -> None:
    """The reserve of a voucher that has just ended is the pool's again. Raises MovedBefore."""
    key = f"voucher:{voucher.id}:{end.reason}"
    if not await ledger.move(
        Fen(voucher.reserved_fen),
        AccountName.RESERVED,
        AccountName.POOL,
        book=voucher.drop.programme.code,
        reason=end.reason,
        key=key,
        at=at,
    ):
        raise MovedBefore(key)
    voucher.state, voucher.reserved_fen = end.state, 0


def _taken_back(voucher: Voucher, because: str, at: datetime) -> Occasion:
    return Occasion(
        kind="ticket",
        subject=voucher.id,
        at=at,
        about=f"您的消费券 {voucher.code} 已作废：{because}；有异议请提交投诉工单",
        fields={
            "character_string1": voucher.code,
            "phrase2": "券已作废",
            "time3": at,
            "thing4": "原因见券包，有异议请提交投诉工单",
        },
    )
