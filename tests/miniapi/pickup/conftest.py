from datetime import timedelta

import pytest

from tests.factories.pickups import a_pickup
from tests.factories.slots import a_crew_member, a_slot


@pytest.fixture
async def member(database, noon):
    """Somebody of a crew."""
    return await a_crew_member(noon)


@pytest.fixture
async def slot(database, noon):
    """In an hour a crew comes, for two hours."""
    return await a_slot(noon - timedelta(hours=6), hours_ahead=7, capacity=2)


@pytest.fixture
async def booked(slot, noon):
    """A place in it, booked five hours ago."""
    return await a_pickup(noon - timedelta(hours=5), slot)
