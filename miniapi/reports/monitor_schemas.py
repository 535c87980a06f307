"""The JSON of how a programme stands."""

from datetime import datetime

from typing_extensions import TypedDict

from faq.packs import Library
from miniapi.drops.models import Drop
from miniapi.drops.schemas import DropJson, drop_json
from miniapi.ledger.models import AccountName
from miniapi.money import Fen
from miniapi.programmes.desk_schemas import DecidedJson, decided_json
from miniapi.programmes.rules import is_ready
from miniapi.programmes.schemas import ReadinessJson, readiness_json
from miniapi.reports.monitor import Monitor


class AccountsJson(TypedDict):
    """Where the money is."""

    pool_fen: Fen
    reserved_fen: Fen
    payable_fen: Fen
    paid_fen: Fen
    clawback_fen: Fen


class TakingPartJson(ReadinessJson):
    """How many enterprises take part, and whether they are enough."""

    ready: bool
    sellers: int
    recyclers: int


class MonitoredDropJson(DropJson):
    """A drop with what the bureau decided about it."""

    issued: int
    frozen_because: str | None


class MonitorJson(DecidedJson):
    """A programme and its money: `bound_fen` never passes `ceiling_fen`; `faces_fen` counts all ever issued.

    `room` is how many vouchers, at the item cap each, the pool still covers.
    """

    accounts: AccountsJson
    ceiling_fen: Fen
    bound_fen: Fen
    faces_fen: Fen
    item_cap_fen: Fen
    room: int
    readiness: TakingPartJson | None
    drops: list[MonitoredDropJson]


def monitor_json(seen: Monitor, library: Library, at: datetime) -> MonitorJson:
    """A programme as it stands."""
    return {
        **decided_json(seen.programme, seen.balances),
        "accounts": {
            "pool_fen": seen.balances[AccountName.POOL],
            "reserved_fen": seen.balances[AccountName.RESERVED],
            "payable_fen": seen.balances[AccountName.PAYABLE],
            "paid_fen": seen.balances[AccountName.PAID],
            "clawback_fen": seen.balances[AccountName.CLAWBACK],
        },
        "ceiling_fen": seen.ceiling,
        "bound_fen": seen.bound,
        "faces_fen": seen.faces,
        "item_cap_fen": seen.item_cap,
        "room": seen.room,
        "readiness": _taking_part_json(seen, library, at),
        "drops": [_drop_json(drop, library, at) for drop in seen.drops],
    }


def _taking_part_json(seen: Monitor, library: Library, at: datetime) -> TakingPartJson | None:
    rule = seen.readiness
    if rule is None:
        return None
    return {
        **readiness_json(library.packs[seen.programme.region], rule, at),
        "ready": is_ready(seen.sellers, seen.recyclers, rule),
        "sellers": seen.sellers,
        "recyclers": seen.recyclers,
    }


def _drop_json(drop: Drop, library: Library, at: datetime) -> MonitoredDropJson:
    return {
        **drop_json(drop, library, at),
        "issued": drop.issued,
        "frozen_because": drop.frozen_because,
    }
