"""The JSON of licences."""

from typing import Annotated
from uuid import UUID

from pydantic import Field, WithJsonSchema
from typing_extensions import TypedDict

from miniapi.http.answers import Id, Time, written
from miniapi.http.paging import Page
from miniapi.http.regions import RegionName
from miniapi.http.requests import Body, Day
from miniapi.merchants.models import Licence, LicenceKind, MerchantKind

DayJson = Annotated[str, WithJsonSchema({"type": "string", "format": "date", "example": "2026-12-31"})]


class LicencesOf(Page):
    """The licences of a region, or of one enterprise in it."""

    region: RegionName
    merchant: UUID | None = None


class AddLicence(Body):
    """A licence as it stands on its paper; `valid_until` is the last day on which it is good."""

    merchant: UUID
    kind: LicenceKind
    number: Annotated[str, Field(min_length=1, max_length=64)]
    valid_until: Day


class LicenceJson(TypedDict):
    """A licence that was put in; the last one of its kind counts for its enterprise."""

    id: Id
    merchant: Id
    merchant_name: str
    merchant_kind: MerchantKind
    kind: LicenceKind
    number: str
    valid_until: DayJson
    added_at: Time


def licence_json(licence: Licence) -> LicenceJson:
    """A licence that came with its enterprise."""
    return {
        "id": str(licence.id),
        "merchant": str(licence.merchant_id),
        "merchant_name": licence.merchant.name,
        "merchant_kind": licence.merchant.kind,
        "kind": licence.kind,
        "number": licence.number,
        "valid_until": licence.valid_until.isoformat(),
        "added_at": written(licence.added_at),
    }
