"""What can be asked about the way of public money: nothing personal is in it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tortoise.queryset import QuerySet

from miniapi.audit.models import AuditEvent
from miniapi.database import sql
from miniapi.ledger.models import SOURCES, Account, Entry, Transfer
from miniapi.redemption.models import CounterQuote, Redemption
from miniapi.settlement.models import SettlementLine
from miniapi.trails.acts import act_behind
from miniapi.vouchers import queries as vouchers
from miniapi.vouchers.models import Voucher, VoucherEvent, VoucherState

# keys are compared byte by byte, so that a beginning is a range of the index
MOVED_FOR = """
    SELECT t.id FROM unnest($1::text[]) AS subject (name)
        JOIN transfer t ON t.key >= subject.name || ':' AND t.key < subject.name || ';'
"""


@dataclass(frozen=True, slots=True)
class Trail:
    """All that has happened to one voucher and to the money behind it, each list in its order."""

    voucher: Voucher
    history: Sequence[VoucherEvent]
    transfers: Sequence[Transfer]
    quotes: Sequence[CounterQuote]
    redemptions: Sequence[Redemption]
    paid: Mapping[UUID, SettlementLine]  # by the redemption it paid
    events: Sequence[AuditEvent]
    decisions: Sequence[AuditEvent]  # about the programme and its fund

    def event_behind(self, transfer: Transfer) -> AuditEvent | None:
        """The act that moved this money."""
        return act_behind(transfer, (*self.events, *self.decisions))


def found(
    *, code: str | None, region: str | None, state: VoucherState | None, at: datetime
) -> "QuerySet[Voucher]":
    """The vouchers with this code, of this region, in this state as people see it; all where it is None."""
    wanted = {"code": code.upper() if code else None, "region": region}
    rows = Voucher.filter(**{name: value for name, value in wanted.items() if value is not None})
    return vouchers.in_state(rows, state, at) if state else rows


def transfers(book: str) -> "QuerySet[Transfer]":
    """What was moved in a book, with its entries."""
    left = Transfer.filter(entries__amount__lt=0, entries__account__book=book)  # one entry of each
    return left.prefetch_related("entries__account")


async def trail(voucher_id: UUID) -> Trail:
    """The way of one voucher, from the fund to the shop and back. Raises NoSuchVoucher."""
    voucher = await vouchers.known(voucher_id)
    await voucher.fetch_related("drop__programme")
    redemptions = await (
        Redemption.filter(voucher_id=voucher.id)
        .select_related("merchant")
        .prefetch_related("events")
        .order_by("id")
    )
    lines = SettlementLine.filter(redemption_id__in=[one.id for one in redemptions])
    paid = {line.redemption_id: line for line in await lines.select_related("settlement")}
    subjects = [
        f"voucher:{voucher.id}",
        *(f"redemption:{one.id}" for one in redemptions),
        *(f"settlement:{line.settlement.id}" for line in paid.values()),
    ]
    return Trail(
        voucher=voucher,
        history=await VoucherEvent.filter(voucher_id=voucher.id).order_by("at", "id"),
        transfers=await _moved_for(subjects, voucher.drop.programme.code),
        quotes=await CounterQuote.filter(voucher_id=voucher.id).select_related("merchant").order_by("id"),
        redemptions=redemptions,
        paid=paid,
        events=await AuditEvent.filter(subject__in=subjects).order_by("seq"),
        decisions=await AuditEvent.filter(subject=f"programme:{voucher.drop.programme.id}").order_by("seq"),
    )


async def _moved_for(subjects: Iterable[str], book: str) -> list[Transfer]:
    """What the sources gave to the book, and what was moved under the keys of these subjects."""
    sources = await Account.filter(book=book, name__in=SOURCES)
    of_sources = Entry.filter(account_id__in=[account.id for account in sources])
    given = await of_sources.values_list("transfer_id", flat=True)
    moved = await sql.rows(MOVED_FOR, list(subjects))
    wanted = {*given, *(row["id"] for row in moved)}
    return await Transfer.filter(id__in=wanted).prefetch_related("entries__account").order_by("at", "id")
