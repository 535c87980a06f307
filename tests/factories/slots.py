"""Crews, and slots in which they come."""

import secrets
from datetime import datetime, timedelta

from miniapi.merchants.callers import CrewMember, Manager
from miniapi.merchants.models import Crew, Licence, Member, Merchant, MerchantKind, Role
from miniapi.pickup.models import Shift, Slot
from tests.factories.licences import a_licence
from tests.factories.people import a_resident


async def a_crew(name: str = "一组", *, region: str = "yangling") -> Crew:
    """A crew of a recycler with a good licence; the same one under the same name."""
    recycler, _ = await Merchant.get_or_create(
        region=region, kind=MerchantKind.RECYCLER, name="示例回收公司", defaults={"address": "示例路 1 号"}
    )
    if not await Licence.exists(merchant=recycler):
        await a_licence(recycler)
    crew, _ = await Crew.get_or_create(merchant=recycler, name=name)
    return crew


async def a_crew_member(at: datetime, crew: Crew | None = None) -> CrewMember:
    """Somebody who goes out with a crew."""
    crew, resident = crew or await a_crew(), await a_resident(at)
    await Member.create(resident=resident, merchant_id=crew.merchant_id, role=Role.CREW, crew=crew)
    return CrewMember(resident, secrets.token_urlsafe(), crew)


async def a_manager(at: datetime, crew: Crew) -> Manager:
    """Who manages the recycler of a crew."""
    resident, recycler = await a_resident(at), await Merchant.get(id=crew.merchant_id)
    await Member.create(resident=resident, merchant=recycler, role=Role.MANAGER)
    return Manager(resident, secrets.token_urlsafe(), recycler)


async def a_slot(
    at: datetime,
    *,
    hours_ahead: float = 24,
    capacity: int = 3,
    district: str = "杨陵区",
    crew: Crew | None = None,
) -> Slot:
    """Two hours in which a crew comes; of another crew at the same time, more places of the same slot."""
    starts = at + timedelta(hours=hours_ahead)
    slot, _ = await Slot.get_or_create(
        region="yangling",
        district=district,
        starts_at=starts,
        defaults={"ends_at": starts + timedelta(hours=2), "capacity": 0},
    )
    await Shift.create(slot=slot, crew=crew or await a_crew(), capacity=capacity)
    slot.capacity += capacity
    await slot.save(update_fields=["capacity"])
    return slot
