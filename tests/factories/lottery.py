"""Drops that are drawn by lot."""

from datetime import datetime, timedelta

from faq.packs import Library
from miniapi.accounts.models import Resident
from miniapi.drops import lottery
from miniapi.drops.models import Drop, DropMode, Registration
from miniapi.programmes.models import Programme
from tests.factories.people import KEYS, a_resident
from tests.factories.season import a_programme

REGISTRATION = timedelta(hours=6)  # from the opening to the draw


async def a_lottery(
    library: Library, at: datetime, *, quota: int = 100, programme: Programme | None = None
) -> Drop:
    """A drop that opened two hours ago and is drawn in four hours."""
    opens_at = at - timedelta(hours=2)
    valid_until = opens_at.replace(hour=23, minute=59, second=59, microsecond=0) + timedelta(days=7)
    seed_sealed, commitment = lottery.new_seed(KEYS)
    return await Drop.create(
        programme=programme or await a_programme(library, at),
        opens_at=opens_at,
        closes_at=valid_until,
        valid_until=valid_until,
        quota=quota,
        mode=DropMode.LOTTERY,
        draws_at=opens_at + REGISTRATION,
        seed_commitment=commitment,
        seed_sealed=seed_sealed,
    )


async def registered(
    drop: Drop, library: Library, at: datetime, *, people: int
) -> dict[Resident, Registration]:
    """So many people who take part."""
    residents = [await a_resident(at) for _ in range(people)]
    return {one: await lottery.register(drop.id, one, library, at=at) for one in residents}
