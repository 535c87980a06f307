"""Decisions about drops."""

from datetime import datetime

from miniapi.clock import SHANGHAI
from miniapi.drops.models import Drop, DropState


def why_not_open(drop: Drop, at: datetime) -> str | None:
    """The sentence for somebody who wants to claim while nothing can be claimed; None when it is open."""
    opens, closes = drop.opens_at.astimezone(SHANGHAI), drop.closes_at.astimezone(SHANGHAI)
    match drop.state(at):
        case DropState.PLANNED:
            return f"本场 {opens:%m月%d日 %H:%M} 开始。"
        case DropState.CLOSED:
            return f"本场已于 {closes:%m月%d日 %H:%M} 结束。"
        case DropState.FROZEN:
            return f"本场已暂停（{drop.frozen_because}）。"
    return None
