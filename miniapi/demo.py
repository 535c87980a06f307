"""The demo city: Yangling with invented shops, recyclers and points, all marked as demo."""

from collections.abc import Callable
from datetime import datetime

from tortoise.transactions import in_transaction

from faq.packs import Library
from miniapi.accounts.models import Resident
from miniapi.drops import actions as drops
from miniapi.merchants.models import Member, Merchant, MerchantKind, Point, Role
from miniapi.pickup.actions import lay_out_slots
from miniapi.pickup.models import SlotPattern
from miniapi.programmes.actions import open_programme
from miniapi.staff import demo as staff

REGION = "yangling"
PROGRAMME = "yangling-2024-demo"
QUOTA = 100
DISTRICT = "杨陵区"
HOURS = ((9, 11), (11, 13), (14, 16), (16, 18))
PLACES_A_SLOT = 3
SELLERS = ("示例家电城", "示例电器康乐路店", "示例家居生活馆", "示例智能家电体验店", "示例五泉便民家电")
RECYCLERS = ("示例再生资源公司", "示例绿色回收站", "示例旧物回收服务队")
POINTS = (
    ("示例康乐社区回收点", "示例路 1 号", 34.2721, 108.0845),
    ("示例五泉镇回收点", "示例路 2 号", 34.3079, 107.9936),
    ("示例揉谷镇回收点", "示例路 3 号", 34.2660, 107.9487),
)
PEOPLE = (
    ("clerk-demo", Role.CLERK, SELLERS[0], MerchantKind.SELLER),
    ("crew-demo", Role.CREW, RECYCLERS[0], MerchantKind.RECYCLER),
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
        await _load_merchants()
        for user, role, name, kind in PEOPLE:
            await _load_person(openid_of(user), role, name, kind, at)
        patterns = [
            SlotPattern(
                region=REGION, district=DISTRICT, begins=begins, ends=ends, capacity=PLACES_A_SLOT, demo=True
            )
            for begins, ends in HOURS
        ]
        await SlotPattern.bulk_create(patterns, ignore_conflicts=True)
        await lay_out_slots(at=at)
    await staff.load(staff_password, at=at)


async def _load_merchants() -> None:
    named = [(name, MerchantKind.SELLER) for name in SELLERS]
    named += [(name, MerchantKind.RECYCLER) for name in RECYCLERS]
    merchants = [
        Merchant(region=REGION, kind=kind, name=name, address=f"示例街道 {number} 号", demo=True)
        for number, (name, kind) in enumerate(named, start=1)
    ]
    await Merchant.bulk_create(merchants, ignore_conflicts=True)
    points = [
        Point(region=REGION, name=name, address=address, lat=lat, lon=lon, demo=True)
        for name, address, lat, lon in POINTS
    ]
    await Point.bulk_create(points, ignore_conflicts=True)


async def _load_person(openid: str, role: Role, merchant_name: str, kind: MerchantKind, at: datetime) -> None:
    resident, _ = await Resident.get_or_create(openid=openid, defaults={"region": REGION, "created_at": at})
    merchant = await Merchant.get(region=REGION, kind=kind, name=merchant_name)
    await Member.bulk_create(
        [Member(resident_id=resident.id, merchant_id=merchant.id, role=role)], ignore_conflicts=True
    )
