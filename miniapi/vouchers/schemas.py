"""The JSON of vouchers."""

from collections.abc import Sequence
from datetime import datetime

from typing_extensions import TypedDict

from miniapi.http.answers import Id, Time, dumps, written
from miniapi.http.idempotency import Answer
from miniapi.http.paging import Page
from miniapi.money import Fen
from miniapi.vouchers.issuing import NOTE, Issued
from miniapi.vouchers.models import Voucher, VoucherEvent, VoucherState
from miniapi.vouchers.presenting import Presented


class InState(Page):
    """The vouchers in one state, or all."""

    state: VoucherState | None = None


class VoucherEventJson(TypedDict):
    """One thing that happened to a voucher."""

    state: VoucherState
    at: Time
    note: str


class VoucherJson(TypedDict):
    """A voucher: worth `max_fen` at most, until its last second."""

    id: Id
    code: str
    state: VoucherState
    region: str
    drop: Id
    issued_at: Time
    valid_until: Time
    max_fen: Fen
    history: list[VoucherEventJson]


class ClaimedJson(TypedDict):
    """A voucher that was claimed, and the how-many-eth of its drop it is."""

    voucher: VoucherJson
    rank: int


class PresentationJson(TypedDict):
    """What is held out at a counter: the text of a QR code, or digits to type, until `expires_at`."""

    payload: str
    code: str
    expires_at: Time


def voucher_json(voucher: Voucher, events: Sequence[VoucherEvent], at: datetime) -> VoucherJson:
    """A voucher as its owner sees it at a time."""
    state = voucher.state_at(at)
    history: list[VoucherEventJson] = [
        {"state": event.state, "at": written(event.at), "note": event.note} for event in events
    ]
    if state is VoucherState.EXPIRED and voucher.state is VoucherState.ISSUED:
        history.append({"state": state, "at": written(voucher.valid_until), "note": "过期失效"})
    return {
        "id": str(voucher.id),
        "code": voucher.code,
        "state": state,
        "region": voucher.region,
        "drop": str(voucher.drop_id),
        "issued_at": written(voucher.issued_at),
        "valid_until": written(voucher.valid_until),
        "max_fen": voucher.max_fen,
        "history": history,
    }


def claimed(voucher: Issued) -> Answer:
    """The answer to a claim that won this voucher: the voucher as its owner sees it then."""
    issued, at = VoucherState.ISSUED, written(voucher.at)
    shown: VoucherJson = {
        "id": str(voucher.id),
        "code": voucher.code,
        "state": issued,
        "region": voucher.drop.programme.region,
        "drop": str(voucher.drop.id),
        "issued_at": at,
        "valid_until": written(voucher.drop.valid_until),
        "max_fen": voucher.worth,
        "history": [{"state": issued, "at": at, "note": NOTE}],
    }
    body: ClaimedJson = {"voucher": shown, "rank": voucher.rank}
    return Answer(201, dumps(body))


def presentation_json(presented: Presented) -> PresentationJson:
    """A presentation as the voucher's owner sees it."""
    return {
        "payload": presented.payload,
        "code": presented.code,
        "expires_at": written(presented.expires_at),
    }
