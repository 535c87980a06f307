"""What people can ask about drops that are drawn by lot."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from tortoise.queryset import QuerySet

from miniapi.drops import queries
from miniapi.drops.errors import NoSuchRegistration, NotByLot
from miniapi.drops.models import Drop, DropMode, Registration


async def lottery(drop_id: UUID) -> Drop:
    """One drop that is drawn by lot. Raises NoSuchDrop, NotByLot."""
    found = await queries.drop(drop_id)
    if found.mode is not DropMode.LOTTERY:
        raise NotByLot()
    return found


async def lotteries_due(at: datetime) -> Sequence[Drop]:
    """The drops to be drawn by now, with their programmes, in their order."""
    return await Drop.filter(draws_at__lte=at, drawn_at=None).select_related("programme").order_by("draws_at")


def entries(drop_id: UUID) -> "QuerySet[Registration]":
    """Who takes part in a draw."""
    return Registration.filter(drop_id=drop_id, withdrawn_at=None)


def ranked(drop_id: UUID) -> "QuerySet[Registration]":
    """Who took part in a draw that is done."""
    return Registration.filter(drop_id=drop_id, place__not_isnull=True)


def registrations_of(resident_id: UUID) -> "QuerySet[Registration]":
    """The draws that a resident takes part in, each with its drop."""
    return Registration.filter(resident_id=resident_id, withdrawn_at=None).select_related("drop")


async def registration(registration_id: UUID, resident_id: UUID) -> Registration:
    """One of them. Raises NoSuchRegistration, also for somebody else's."""
    found = await registrations_of(resident_id).get_or_none(id=registration_id)
    if found is None:
        raise NoSuchRegistration()
    return found
