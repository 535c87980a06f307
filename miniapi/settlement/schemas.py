"""The JSON of settlements."""

from collections.abc import Collection
from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import Field, model_validator
from typing_extensions import TypedDict

from miniapi.http.answers import Id, Time, written
from miniapi.http.paging import Page
from miniapi.http.regions import RegionName
from miniapi.http.requests import Body
from miniapi.money import Fen
from miniapi.programmes.actions import Returned
from miniapi.programmes.desk_schemas import SourcesJson, sources_json
from miniapi.programmes.models import Programme
from miniapi.redemption.models import Redemption, RedemptionState
from miniapi.settlement.actions import Because, LeftOut, Settled
from miniapi.settlement.models import Settlement
from miniapi.staff.schemas import Told


class Settle(Body):
    """Whom to pay for what: these redemptions, or all of the shop up to a day and on it."""

    region: RegionName
    merchant: UUID
    redemptions: Annotated[list[UUID], Field(min_length=1, max_length=1000)] | None = None
    until: date | None = None

    @model_validator(mode="after")
    def exactly_one(self) -> "Settle":
        """One way to say what is meant."""
        if (self.redemptions is None) == (self.until is None):
            raise ValueError("redemptions 与 until 必须且只能填一个")
        return self

    @property
    def wanted(self) -> Collection[UUID] | date:
        """What is meant, in our terms."""
        return self.until or self.redemptions or ()


class Recover(Body):
    """How the shop gave the money back: a receipt, a set-off."""

    reason: Told


class GiveBack(Body):
    """Why the unspent goes back now: a decision, the end of the audit."""

    reason: Told


class UnspentJson(TypedDict):
    """What went back to each source of a programme that is over."""

    programme: Id
    region: str
    name: str
    returned_fen: Fen
    returned: SourcesJson


class SettlementsOf(Page):
    """The settlements of a region, to a shop, or all."""

    region: RegionName | None = None
    merchant: UUID | None = None


class SettlementRowJson(TypedDict):
    """One payment to one shop; `staff` made it."""

    id: Id
    region: str
    merchant: Id
    merchant_name: str
    amount_fen: Fen
    settled_at: Time
    staff: Id


class LineJson(TypedDict):
    """What was paid for one redemption."""

    redemption: Id
    amount_fen: Fen


class SettlementJson(SettlementRowJson):
    """A payment and what it was for."""

    lines: list[LineJson]


class LeftOutJson(TypedDict):
    """A redemption that was meant and is not paid now, and why."""

    redemption: Id
    because: Because
    flags: list[str]


class SettledJson(SettlementJson):
    """A payment that was just made, and what is not in it."""

    left_out: list[LeftOutJson]


class RecoveredJson(TypedDict):
    """A redemption whose subsidy the shop has given back."""

    id: Id
    state: RedemptionState
    recovered_fen: Fen
    recovered_at: Time | None


def row_json(settlement: Settlement) -> SettlementRowJson:
    """A payment in a list."""
    return {
        "id": str(settlement.id),
        "region": settlement.programme.region,
        "merchant": str(settlement.merchant_id),
        "merchant_name": settlement.merchant.name,
        "amount_fen": settlement.amount_fen,
        "settled_at": written(settlement.settled_at),
        "staff": str(settlement.staff_id),
    }


def settlement_json(settlement: Settlement) -> SettlementJson:
    """A payment and what it was for."""
    lines: list[LineJson] = [
        {"redemption": str(line.redemption_id), "amount_fen": line.amount_fen}
        for line in sorted(settlement.lines, key=lambda line: line.redemption_id)
    ]
    return {**row_json(settlement), "lines": lines}


def settled_json(settled: Settled) -> SettledJson:
    """What came of a wish to pay."""
    left_out = [left_out_json(one) for one in settled.left_out]
    return {**settlement_json(settled.settlement), "left_out": left_out}


def left_out_json(left_out: LeftOut) -> LeftOutJson:
    """Why one is not paid."""
    one = left_out.redemption
    return {"redemption": str(one.id), "because": left_out.because, "flags": one.flags}


def unspent_json(programme: Programme, returned: Returned) -> UnspentJson:
    """What a programme gave back."""
    return {
        "programme": str(programme.id),
        "region": programme.region,
        "name": programme.name,
        "returned_fen": returned.total,
        "returned": sources_json(returned.parts),
    }


def recovered_json(redemption: Redemption) -> RecoveredJson:
    """What a shop gave back."""
    recovered_at = written(redemption.recovered_at) if redemption.recovered_at else None
    return {
        "id": str(redemption.id),
        "state": redemption.state,
        "recovered_fen": redemption.owed_fen,
        "recovered_at": recovered_at,
    }
