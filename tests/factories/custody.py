"""Stations, dismantlers, and old things on their way to them."""

from datetime import datetime, timedelta

from miniapi.accounts.models import Resident
from miniapi.custody import taking
from miniapi.merchants.callers import CrewMember, Dismantler, Station
from miniapi.merchants.models import Licence, Member, Merchant, MerchantKind, Role
from miniapi.pickup import crewing
from miniapi.pickup.models import Pickup
from miniapi.pickup.moves import Move
from tests.factories.licences import a_licence
from tests.factories.people import KEYS, a_resident
from tests.factories.pickups import a_pickup, agreed_to, all_right, an_act, moved
from tests.factories.slots import a_crew, a_crew_member, a_slot

WEIGHT = 30_000  # grams, of everything in these tests unless told otherwise
PRICE = 5000


async def a_station(at: datetime, recycler: Merchant | None = None) -> Station:
    """Somebody at a station of the recycler whose crews come, or of another."""
    recycler = recycler or await Merchant.get(id=(await a_crew()).merchant_id)
    resident = await a_resident(at)
    await Member.create(resident=resident, merchant=recycler, role=Role.STATION)
    return Station(resident, "", recycler)


async def a_dismantler(
    at: datetime, name: str = "示例拆解公司", *, region: str = "yangling", licensed: bool = True
) -> Dismantler:
    """Somebody of a dismantling enterprise; of the same one under the same name."""
    enterprise, _ = await Merchant.get_or_create(
        region=region, kind=MerchantKind.DISMANTLER, name=name, defaults={"address": "示例路 20 号"}
    )
    if licensed and not await Licence.exists(merchant=enterprise):
        await a_licence(enterprise)
    resident = await a_resident(at)
    await Member.create(resident=resident, merchant=enterprise, role=Role.DISMANTLER)
    return Dismantler(resident, "", enterprise)


async def at_the_door(
    at: datetime, resident: Resident | None = None, member: CrewMember | None = None
) -> tuple[Pickup, CrewMember]:
    """A fridge whose price is agreed, and somebody of the crew who waits for the code."""
    member = member or await a_crew_member(at)
    slot = await a_slot(at - timedelta(hours=6), hours_ahead=7, crew=member.crew)
    booked = await a_pickup(at - timedelta(hours=5), slot, resident)
    pickup = await moved(booked, member, Move.ACCEPT, Move.SET_OUT, Move.ARRIVE, at=at)
    await crewing.offer(pickup.id, PRICE, member, an_act(at), KEYS, at=at)
    return await agreed_to(pickup, at=at), member


async def a_collected(at: datetime, resident: Resident | None = None) -> Pickup:
    """A fridge that a crew has just taken along."""
    pickup, member = await at_the_door(at, resident)
    return await crewing.collect(pickup.id, all_right(pickup), member, an_act(at), KEYS, at=at)


async def a_received(at: datetime, resident: Resident | None = None) -> Pickup:
    """A fridge that is at a station."""
    pickup, worker = await a_collected(at, resident), await a_station(at)
    await taking.receive(pickup.id, WEIGHT, worker, an_act(at), KEYS, at=at)
    return await Pickup.get(id=pickup.id)


async def a_dismantled(at: datetime, resident: Resident | None = None) -> Pickup:
    """A fridge that was."""
    pickup, worker = await a_received(at, resident), await a_dismantler(at)
    await taking.dismantle(pickup.id, WEIGHT, worker, an_act(at), KEYS, at=at)
    return await Pickup.get(id=pickup.id)
