"""What people can ask about drops."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from tortoise.expressions import Q, RawSQL
from tortoise.queryset import QuerySet

from miniapi.drops.errors import NoSuchDrop
from miniapi.drops.models import Drop, DropMode
from miniapi.merchants.models import MerchantKind
from miniapi.reminders.occasions import Occasion
from miniapi.reminders.rules import STILL_USEFUL_FOR

TAKING_PART = (
    """(SELECT count(*) FROM merchant WHERE merchant.region = "drop__programme".region AND kind = '{kind}')"""
)
SELLERS = RawSQL(TAKING_PART.format(kind=MerchantKind.SELLER))
RECYCLERS = RawSQL(TAKING_PART.format(kind=MerchantKind.RECYCLER))
POOL = RawSQL(
    """(SELECT balance FROM account WHERE account.book = "drop__programme".code AND account.name = 'pool')"""
)


def as_they_stand(found: "QuerySet[Drop]") -> "QuerySet[Drop]":
    """These drops, their programmes, who takes part there and what the pool has, read by one statement."""
    return found.select_related("programme").annotate(sellers=SELLERS, recyclers=RECYCLERS, pool=POOL)


async def drop(drop_id: UUID) -> Drop:
    """One drop as it stands. Raises NoSuchDrop."""
    found = await as_they_stand(Drop.filter(id=drop_id)).first()
    if found is None:
        raise NoSuchDrop()
    return found


def drops_of(region: str) -> "QuerySet[Drop]":
    """The drops of a region's programmes, as they stand."""
    return as_they_stand(Drop.filter(programme__region=region))


async def paused(at: datetime) -> Sequence[UUID]:
    """The drops that are frozen, or whose programme is, and of whose opening it may be worth telling."""
    frozen = Drop.filter(
        Q(frozen_because__isnull=False) | Q(programme__claims_frozen_because__isnull=False),
        opens_at__gt=at - STILL_USEFUL_FOR,
    )
    return [found.id for found in await frozen]


async def occasion(drop_id: UUID, resident_id: UUID, at: datetime) -> Occasion:
    """The opening of a drop, as something to be reminded of. Raises NoSuchDrop."""
    found = await drop(drop_id)
    by_lot = found.mode is DropMode.LOTTERY
    return Occasion(
        kind="drop",
        subject=found.id,
        at=found.opens_at,
        about=f"{found.programme.name}消费券{'开始报名' if by_lot else '开抢'}",
        fields={
            "thing1": found.programme.name,
            "time2": found.opens_at,
            "thing3": "每人报名一次，截止后抽签" if by_lot else "每人一张，先到先得，领完为止",
        },
        paused=found.programme.claims_frozen_because or found.frozen_because,
    )
