"""What people can do with vouchers."""

import logging
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from faq.packs import Library
from faq.rules import SubsidyRule
from miniapi.accounts.actions import held
from miniapi.accounts.errors import IdentityRequired
from miniapi.accounts.models import Resident
from miniapi.clock import SHANGHAI
from miniapi.database.races import refused_by
from miniapi.drops import queries as drops
from miniapi.drops import rules as drop_rules
from miniapi.drops.actions import take_one
from miniapi.drops.errors import DropNotOpen, SoldOut
from miniapi.drops.models import Drop
from miniapi.errors import Refusal
from miniapi.ids import new_id
from miniapi.ledger import actions as ledger
from miniapi.ledger.errors import NotEnough
from miniapi.ledger.models import AccountName
from miniapi.money import Fen, in_yuan
from miniapi.reminders.actions import owe
from miniapi.reminders.occasions import Occasion
from miniapi.subsidies.rules import most_for_an_item, person_cap
from miniapi.vouchers.errors import AlreadyClaimed, PersonalLimitReached
from miniapi.vouchers.models import Voucher, VoucherEvent, VoucherState
from miniapi.vouchers.queries import used_by

log = logging.getLogger(__name__)

CODE_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # nothing that looks like something else
CODE_LENGTH = 12
BATCH = 200
CLAUSE_OF_DROPS = "细则四（一）"


@dataclass(frozen=True, slots=True)
class _End:
    """How a voucher ends unused: what it is then, why the ledger moved, what its history says."""

    state: VoucherState
    reason: str
    note: str


LAPSED = _End(VoucherState.EXPIRED, "expiry", "过期失效")
LEFT = _End(VoucherState.VOID, "void", "账号注销，券作废")


async def claim(drop_id: UUID, resident: Resident, library: Library, *, at: datetime) -> Voucher:
    """Put one voucher of a drop into a resident's wallet, with its reserve, or say why not.

    Raises NoSuchDrop, IdentityRequired, DropNotOpen, AlreadyClaimed, PersonalLimitReached, SoldOut,
    in this order.
    """
    drop = await drops.drop(drop_id)
    if resident.person_id is None:
        raise IdentityRequired()
    pack = library.packs[drop.programme.region]
    rule = pack.rules.subsidy(at.astimezone(SHANGHAI).date())
    if rule is None:
        raise ValueError(f"the programme {drop.programme.code} has no subsidy rule")
    if because := drop_rules.why_not_open(drop, at):
        cited = [pack.citation(CLAUSE_OF_DROPS, at)]
        raise DropNotOpen(because=because, opens_at=drop.opens_at, closes_at=drop.closes_at, citations=cited)
    if await Voucher.exists(drop_id=drop.id, person_id=resident.person_id):
        raise AlreadyClaimed()
    with refused_by("one_voucher_per_person", AlreadyClaimed()):
        async with in_transaction():
            return await _issue(drop, resident, rule, at=at)


async def void_all(resident_id: UUID, *, at: datetime) -> int:
    """Void what somebody who leaves has not used, and give it back to the pool; how many it were.

    Call it inside a transaction that holds the account. What has lapsed is expired, not void.
    """
    unused = Voucher.filter(resident_id=resident_id, state=VoucherState.ISSUED)
    # every voucher is locked before the first account, as by who expires one; then one order of books
    await unused.select_for_update().order_by("id")
    voided = 0
    for voucher in await unused.order_by("drop__programme__code", "id"):
        end = LEFT if voucher.is_valid(at) else LAPSED
        voided += await _end(voucher.id, end, at=at) and end is LEFT
    return voided


async def move_all(person_id: UUID, source_id: UUID, target_id: UUID) -> list[UUID]:
    """Put a person's vouchers into the wallet of their other account; which they are.

    Call it inside a transaction that holds both accounts.
    """
    moved = Voucher.filter(person_id=person_id, resident_id=source_id)
    ids = [voucher.id for voucher in await moved]
    await moved.update(resident_id=target_id)
    return ids


async def expire_overdue(*, at: datetime) -> int:
    """Expire vouchers whose time is over and give their reserve back to the pool; how many it were.

    One that cannot be expired is logged and left, and does not stop those behind it.
    """
    expired, stuck = 0, set[UUID]()
    while ids := await _overdue(stuck, at=at):
        for voucher_id in ids:
            try:
                async with in_transaction():
                    expired += await _end(voucher_id, LAPSED, at=at)
            except (Refusal, IntegrityError) as problem:
                log.error("voucher %s cannot be expired: %s", voucher_id, problem)
                stuck.add(voucher_id)
    return expired


async def _issue(drop: Drop, resident: Resident, rule: SubsidyRule, *, at: datetime) -> Voucher:
    account = await held(resident.id)  # so one claim of a person at a time: a person has one account
    if account.person_id != resident.person_id:
        raise IdentityRequired()
    room = Fen(person_cap(rule) - await used_by(account.person_id, drop.programme.region))
    if room <= 0:
        raise PersonalLimitReached(cap_yuan=rule.person_cap_yuan)
    reserve = most_for_an_item(rule, room)
    voucher_id, book = new_id(), drop.programme.code
    rank = await take_one(drop)
    try:
        await ledger.move(
            reserve,
            AccountName.POOL,
            AccountName.RESERVED,
            book=book,
            reason="claim",
            key=f"voucher:{voucher_id}:reserve",
            at=at,
        )
    except NotEnough:
        raise SoldOut() from None
    voucher = await Voucher.create(
        id=voucher_id,
        code="".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_LENGTH)),
        drop=drop,
        resident_id=resident.id,
        person_id=account.person_id,
        region=drop.programme.region,
        rank=rank,
        max_fen=reserve,
        reserved_fen=reserve,
        issued_at=at,
        valid_until=drop.valid_until,
    )
    await VoucherEvent.create(voucher=voucher, state=VoucherState.ISSUED, at=at, note="领取成功")
    await owe(resident.id, _claimed(voucher, at), key=f"claimed:{voucher.id}", at=at)
    return voucher


def _claimed(voucher: Voucher, at: datetime) -> Occasion:
    worth, until = in_yuan(voucher.max_fen), voucher.valid_until.astimezone(SHANGHAI)
    return Occasion(
        kind="claimed",
        subject=voucher.id,
        at=at,
        about=f"您领到一张消费券，最高减 {worth} 元，{until:%m月%d日}前使用",
        fields={"thing1": f"消费券 {voucher.code}", "amount2": f"{worth}元", "time3": voucher.valid_until},
    )


async def _overdue(stuck: Collection[UUID], *, at: datetime) -> list[UUID]:
    lapsed = Voucher.filter(state=VoucherState.ISSUED, valid_until__lte=Voucher.lapsed_before(at))
    lapsed = lapsed.exclude(id__in=stuck) if stuck else lapsed
    return [voucher.id for voucher in await lapsed.order_by("valid_until").limit(BATCH)]


async def _end(voucher_id: UUID, end: _End, *, at: datetime) -> bool:
    voucher = await Voucher.filter(id=voucher_id).select_for_update().get()
    await voucher.fetch_related("drop__programme")
    if voucher.state is not VoucherState.ISSUED:
        return False
    at = max(at, voucher.issued_at)  # it may have been issued while we waited for it
    await ledger.move(
        Fen(voucher.reserved_fen),
        AccountName.RESERVED,
        AccountName.POOL,
        book=voucher.drop.programme.code,
        reason=end.reason,
        key=f"voucher:{voucher.id}:{end.reason}",
        at=at,
    )
    await Voucher.filter(id=voucher.id).update(state=end.state, reserved_fen=0)
    await VoucherEvent.create(voucher=voucher, state=end.state, at=at, note=end.note)
    return True
