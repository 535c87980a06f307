"""The JSON of drops that are drawn by lot."""

from collections.abc import Iterable

from typing_extensions import TypedDict

from miniapi.drops.models import Drop, Registration
from miniapi.http.answers import Id, Listed, Time, page_json, written


class RegistrationJson(TypedDict):
    """A registration; the draw gives it a place and says whether a voucher was won."""

    id: Id
    drop: Id
    registered_at: Time
    draws_at: Time
    drawn_at: Time | None
    place: int | None
    won: bool | None


class EntryJson(TypedDict):
    """A registration as everybody sees it after the draw."""

    id: Id
    place: int
    won: bool


class DrawJson(Listed[EntryJson]):
    """A draw: from the first day its commitment, from the end of registration its digest, then its seed."""

    drop: Id
    draws_at: Time
    commitment: str
    registered: int
    entries_digest: str | None
    drawn_at: Time | None
    seed: str | None


def registration_json(given: Registration) -> RegistrationJson:
    """A registration as its owner sees it; it comes with its drop."""
    return {
        "id": str(given.id),
        "drop": str(given.drop_id),
        "registered_at": written(given.registered_at),
        "draws_at": written(given.drop.ends_at),
        "drawn_at": written(given.drop.drawn_at) if given.drop.drawn_at else None,
        "place": given.place,
        "won": given.won,
    }


def draw_json(
    drop: Drop, registered: int, ranked: Iterable[Registration], next_cursor: str | None
) -> DrawJson:
    """A draw with one page of its result, in the order of the places."""
    return {
        "drop": str(drop.id),
        "draws_at": written(drop.ends_at),
        "commitment": drop.seed_commitment or "",
        "registered": registered,
        "entries_digest": drop.entries_digest,
        "drawn_at": written(drop.drawn_at) if drop.drawn_at else None,
        "seed": drop.seed,
        **page_json(ranked, next_cursor, _entry_json),
    }


def _entry_json(given: Registration) -> EntryJson:
    return {"id": str(given.id), "place": given.place or 0, "won": bool(given.won)}
