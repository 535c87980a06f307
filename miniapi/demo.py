"""The demo city: Yangling with invented shops, and recyclers in every region, all marked as demo."""

from collections.abc import Callable
from datetime import datetime

from tortoise.transactions import in_transaction

from faq.packs import Library
from miniapi import demo_places
from miniapi.accounts.models import Resident
from miniapi.drops import actions as drops
from miniapi.merchants.models import Crew, Member, Merchant, MerchantKind, Role
from miniapi.pickup.models import CrewHours
from miniapi.pickup.places import lay_out_slots
from miniapi.programmes.actions import open_programme
from miniapi.staff import demo as staff

REGION = "yangling"
PROGRAMME = "yangling-2024-demo"
QUOTA = 100
DISTRICTS = {  # where the invented crews of each region come
    "yangling": "杨陵区",
    "jining": "任城区",
    "qingzhou": "青州市",
    "chongqing": "渝中区",
    "liaoning": "沈阳市",
}
CREWS = {"示例上门一组": 2, "示例上门二组": 1}  # and their places in each slot
CREW_HOURS = ((9, 13), (14, 18))
SELLERS = ("示例家电城", "示例电器康乐路店", "示例家居生活馆", "示例智能家电体验店", "示例五泉便民家电")
RECYCLERS = demo_places.RECYCLERS[REGION]
PEOPLE = (
    ("clerk-demo", Role.CLERK, SELLERS[0], MerchantKind.SELLER),
    ("crew-demo", Role.CREW, RECYCLERS[0], MerchantKind.RECYCLER),
    ("station-demo", Role.STATION, RECYCLERS[0], MerchantKind.RECYCLER),
    ("dismantler-demo", Role.DISMANTLER, demo_places.DISMANTLERS[REGION], MerchantKind.DISMANTLER),
    ("manager-demo", Role.MANAGER, RECYCLERS[0], MerchantKind.RECYCLER),
)


async def load(
    library: Library, openid_of: Callable[[str], str], staff_password: str, *, at: datetime
) -> None:
    """Load the demo city where it is missing; what is there already stays as it is, but for the password."""
    pack = library.packs[REGION]
    calendar, fund = pack.rules.calendar(at.date()), pack.rules.fund(at.date())
    if calendar is None or fund is None:
        raise ValueError(f"the pack {REGION} has no calendar or no fund")
    async with in_transaction():
        programme = await open_programme(pack, PROGRAMME, calendar, fund, demo=True, at=at)
        await drops.plan_season(programme, calendar, quota=QUOTA)
        await _load_shops()
        await demo_places.load(library, at=at)
        for region, district in DISTRICTS.items():
            await _load_crews(region, district)
        for user, role, name, kind in PEOPLE:
            await _load_person(openid_of(user), role, name, kind, at)
        await lay_out_slots(at=at)
    await staff.load(staff_password, at=at)


async def _load_shops() -> None:
    shops = [
        Merchant(
            region=REGION, kind=MerchantKind.SELLER, name=name, address=f"示例街道 {number} 号", demo=True
        )
        for number, name in enumerate(SELLERS, start=1)
    ]
    await Merchant.bulk_create(shops, ignore_conflicts=True)


async def _load_crews(region: str, district: str) -> None:
    """The crews of a region's first invented recycler, who come every day."""
    name = demo_places.RECYCLERS[region][0]
    recycler = await Merchant.get(region=region, kind=MerchantKind.RECYCLER, name=name)
    for called, capacity in CREWS.items():
        crew, _ = await Crew.get_or_create(merchant=recycler, name=called)
        hours = [
            CrewHours(
                crew=crew, district=district, weekday=weekday, begins=begins, ends=ends, capacity=capacity
            )
            for weekday in range(7)
            for begins, ends in CREW_HOURS
        ]
        await CrewHours.bulk_create(hours, ignore_conflicts=True)


async def _load_person(openid: str, role: Role, merchant_name: str, kind: MerchantKind, at: datetime) -> None:
    resident, _ = await Resident.get_or_create(openid=openid, defaults={"region": REGION, "created_at": at})
    merchant = await Merchant.get(region=REGION, kind=kind, name=merchant_name)
    await Member.bulk_create(
        [Member(resident_id=resident.id, merchant_id=merchant.id, role=role)], ignore_conflicts=True
    )
    if role is Role.CREW:
        crew = await Crew.filter(merchant_id=merchant.id).order_by("name").first()
        await Member.filter(resident_id=resident.id, merchant_id=merchant.id).update(crew=crew)
