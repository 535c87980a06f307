"""Those who review sales."""

from datetime import datetime

from miniapi.staff.callers import Reviewer
from miniapi.staff.models import StaffRole
from tests.factories.staff import a_staff


async def a_reviewer(at: datetime) -> Reviewer:
    """Somebody who reviews."""
    return Reviewer(await a_staff(at, StaffRole.REVIEWER), "")
