"""The JSON of what the bureau decides about a programme."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, model_validator
from typing_extensions import TypedDict

from miniapi.http.answers import Id, Time, written
from miniapi.http.requests import Body
from miniapi.ledger.models import AccountName
from miniapi.money import Fen
from miniapi.programmes.actions import Decision
from miniapi.programmes.models import Programme
from miniapi.staff.schemas import Cause


class Decide(Body):
    """What is decided, and why; what is left out stays as it is."""

    province_fen: Annotated[int, Field(ge=0)] | None = None
    claims_frozen: bool | None = None
    redemptions_frozen: bool | None = None
    open_anyway: bool | None = None
    reason: Cause

    @model_validator(mode="after")
    def something_is_decided(self) -> "Decide":
        """Nothing is no decision."""
        if self.decision == Decision():
            raise ValueError("province_fen、claims_frozen、redemptions_frozen、open_anyway 至少填一个")
        return self

    @property
    def decision(self) -> Decision:
        """The same in our terms."""
        return Decision(
            Fen(self.province_fen) if self.province_fen is not None else None,
            self.claims_frozen,
            self.redemptions_frozen,
            self.open_anyway,
        )


class SourcesJson(TypedDict):
    """Who gave how much; `unattributed_fen` is all of it while the province's grant is not known."""

    province_fen: Fen
    zone_fen: Fen
    district_fen: Fen
    unattributed_fen: Fen


class DecidedJson(TypedDict):
    """A programme as decided; null: the grant is not known, nothing is frozen, no requirement is waived."""

    id: Id
    region: str
    name: str
    opens_at: Time
    closes_at: Time
    province_fen: Fen | None
    sources: SourcesJson
    claims_frozen_because: str | None
    redemptions_frozen_because: str | None
    opened_because: str | None


def decided_json(programme: Programme, balances: Mapping[AccountName, Fen]) -> DecidedJson:
    """A programme, and what its sources gave."""
    return {
        "id": str(programme.id),
        "region": programme.region,
        "name": programme.name,
        "opens_at": written(programme.opens_at),
        "closes_at": written(programme.closes_at),
        "province_fen": None if programme.province_fen is None else Fen(programme.province_fen),
        "sources": sources_json(balances),
        "claims_frozen_because": programme.claims_frozen_because,
        "redemptions_frozen_because": programme.redemptions_frozen_because,
        "opened_because": programme.opened_because,
    }


def sources_json(parts: Mapping[AccountName, Fen]) -> SourcesJson:
    """A part of each source."""
    return {
        "province_fen": parts[AccountName.PROVINCE],
        "zone_fen": parts[AccountName.ZONE],
        "district_fen": parts[AccountName.DISTRICT],
        "unattributed_fen": parts[AccountName.FUND],
    }
