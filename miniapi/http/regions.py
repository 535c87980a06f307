"""Regions as requests name them."""

from typing import Annotated

from pydantic import Field

from faq.packs import Library, Pack
from miniapi.http.errors import NoSuchRegion, RegionUnknown, invalid_field

RegionName = Annotated[
    str, Field(min_length=1, max_length=32, json_schema_extra={"format": "region", "example": "yangling"})
]


def pack_of(library: Library, region: str) -> Pack:
    """The policy pack of a region named in a body or a query. Raises RegionUnknown."""
    if region not in library.packs:
        raise RegionUnknown(region=region, known="、".join(library.packs))
    return library.packs[region]


def pack_at(library: Library, region: str) -> Pack:
    """The policy pack of a region named in a path. Raises NoSuchRegion."""
    if region not in library.packs:
        raise NoSuchRegion(region=region, known="、".join(library.packs))
    return library.packs[region]


def refuse_unknown_district(pack: Pack, district: str) -> None:
    """Crews are planned by district; nobody would find one with a slip in its name. Raises InvalidRequest."""
    if district not in pack.districts:
        raise invalid_field("district", f"{pack.name}没有这个区域，有：{'、'.join(pack.districts)}")
