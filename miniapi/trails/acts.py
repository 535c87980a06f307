"""Who moved money: the key of a transfer names what it was moved for, and each reason has its act."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from miniapi.audit.models import AuditEvent
from miniapi.ledger.models import Transfer

Named = Callable[[Sequence[str], AuditEvent, Mapping[str, Any]], bool]


def act_behind(transfer: Transfer, events: Iterable[AuditEvent]) -> AuditEvent | None:
    """The event of the act that moved this money; None where it is not among these."""
    if transfer.reason not in ACTS:
        return None
    action, named = ACTS[transfer.reason]
    key = transfer.key.split(":")
    alike = (event for event in events if event.action == action)
    return next((event for event in alike if named(key, event, json.loads(event.after or "{}"))), None)


def _itself(key: Sequence[str], event: AuditEvent, after: Mapping[str, Any]) -> bool:
    """`voucher:ID:…` and `redemption:ID:…`: what can happen to one of them once only."""
    return event.subject == ":".join(key[:2])


def _sale(key: Sequence[str], event: AuditEvent, after: Mapping[str, Any]) -> bool:
    """`voucher:ID:ACCOUNT:REDEMPTION`: a voucher that returned is redeemed again."""
    return after.get("redemption") == key[3]


def _price(key: Sequence[str], event: AuditEvent, after: Mapping[str, Any]) -> bool:
    """`redemption:ID:correction:FEN`: prices only fall, each is agreed once."""
    return _itself(key, event, after) and after.get("price_fen") == int(key[3])


def _return(key: Sequence[str], event: AuditEvent, after: Mapping[str, Any]) -> bool:
    """`voucher:ID:reissue:REDEMPTION`."""
    return event.subject == f"redemption:{key[3]}"


def _line(key: Sequence[str], event: AuditEvent, after: Mapping[str, Any]) -> bool:
    """`redemption:ID:settlement`: one of those that were paid together."""
    return key[1] in after.get("redemptions", ())


def _opening(key: Sequence[str], event: AuditEvent, after: Mapping[str, Any]) -> bool:
    """`BOOK:appropriation`."""
    return after.get("code") == key[0]


def _number(key: Sequence[str], event: AuditEvent, after: Mapping[str, Any]) -> bool:
    """`BOOK:grant:NUMBER:…` and `BOOK:unspent:NUMBER:…`: the event is told the number under this word."""
    return after.get(key[1]) == int(key[2])


ACTS: Mapping[str, tuple[str, Named]] = {
    "appropriation": ("programme.opened", _opening),
    "grant": ("programme.decided", _number),
    "unspent": ("programme.unspent_returned", _number),
    "claim": ("voucher.claimed", _itself),
    "expiry": ("voucher.expired", _itself),
    "void": ("voucher.voided", _itself),
    "redemption": ("voucher.redeemed", _sale),
    "correction": ("redemption.corrected", _price),
    "rejection": ("redemption.rejected", _itself),
    "refund": ("redemption.refunded", _itself),
    "reissue": ("redemption.refunded", _return),
    "settlement": ("settlement.paid", _line),
    "recovery": ("redemption.recovered", _itself),
}
