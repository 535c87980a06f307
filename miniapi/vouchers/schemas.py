"""The JSON of vouchers."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from miniapi.http.answers import written
from miniapi.http.paging import Page
from miniapi.vouchers.models import Voucher, VoucherEvent, VoucherState


class InState(Page):
    """The vouchers in one state, or all."""

    state: VoucherState | None = None


def voucher_json(voucher: Voucher, events: Sequence[VoucherEvent], at: datetime) -> dict[str, Any]:
    """A voucher as its owner sees it at a time."""
    state = voucher.state_at(at)
    history = [{"state": event.state, "at": written(event.at), "note": event.note} for event in events]
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
