"""The weekly hours of a crew. Its manager puts the whole week at once, and the places ahead follow."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import pairwise
from uuid import UUID

from tortoise.transactions import in_transaction

from miniapi.audit.actions import record
from miniapi.database import sql
from miniapi.keys import Keys
from miniapi.merchants.callers import Manager
from miniapi.merchants.models import Crew
from miniapi.pickup import places, queries, rules
from miniapi.pickup.emptying import KEEP, Lost, empty, let_nobody_new_in
from miniapi.pickup.errors import CrewClosed, HoursOverlap
from miniapi.pickup.models import CrewHours
from miniapi.pickup.moves import Actor, Move
from miniapi.pickup.moving import Mover

BECAUSE = "上门时间调整"
DAYS = "一二三四五六日"

# the shifts of a crew that can still be booked
AHEAD = """
    SELECT shift.id, shift.slot_id, shift.capacity, slot.district, slot.starts_at
    FROM shift JOIN slot ON slot.id = shift.slot_id
    WHERE shift.crew_id = $1 AND slot.starts_at > $2 AND slot.starts_at < $3
"""
END = "DELETE FROM shift WHERE id = ANY($1::uuid[]) RETURNING id"


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Hours of a weekday (0 is Monday) in a district, and the places in each of their slots."""

    district: str
    weekday: int
    begins: int
    ends: int
    capacity: int


@dataclass(frozen=True, slots=True)
class Relaid:
    """A week as it is now, and how many bookings had to be moved or cancelled for it."""

    hours: Sequence[CrewHours]
    moved: int
    cancelled: int


async def put(crew_id: UUID, week: Sequence[Span], manager: Manager, keys: Keys, *, at: datetime) -> Relaid:
    """Let a crew come at these hours every week, and at no others.

    Bookings for which there is no place any more are moved to the next one or cancelled, and people are told;
    who has booked what begins within SET_OUT_BEFORE stays, and nobody else can book it.

    Raises NoSuchCrewOfYours, CrewClosed, HoursOverlap.
    """
    refuse_overlapping(week)
    async with in_transaction():
        await places.enter_alone()
        crew = await queries.crew_of(crew_id, manager.merchant.id, locked=True)
        if week and crew.closed_at is not None:
            raise CrewClosed()
        relaid = await lay_anew(crew, week, keys, at=at)
        after = {
            "hours": [asdict(span) for span in sorted(week)],
            "moved": relaid.moved,
            "cancelled": relaid.cancelled,
        }
        await record(manager.actor, "crew.hours_changed", f"crew:{crew.id}", at=at, after=after)
    return relaid


async def lay_anew(crew: Crew, week: Sequence[Span], keys: Keys, *, at: datetime) -> Relaid:
    """Lay out a crew's slots anew. Call it inside the gate, alone."""
    await CrewHours.filter(crew_id=crew.id).delete()
    await CrewHours.bulk_create(CrewHours(crew=crew, **asdict(span)) for span in sorted(week))
    planned = await places.planned(CrewHours.filter(crew_id=crew.id), at=at)
    await places.lay_out(planned)
    _, until = rules.laid_out_days(at)
    bookable = await sql.rows(AHEAD, crew.id, at + rules.BOOK_UNTIL, until)
    wanted = {(one.district, one.starts_at): one.capacity for one in planned}
    places_of = {row["id"]: wanted.get((row["district"], row["starts_at"]), 0) for row in bookable}
    ahead = [row for row in bookable if row["starts_at"] > at + rules.SET_OUT_BEFORE]
    await let_nobody_new_in({row["id"]: places_of[row["id"]] for row in bookable if row not in ahead})
    less = [row for row in ahead if row["capacity"] > places_of[row["id"]]]
    await sql.rows(END, [row["id"] for row in less if not places_of[row["id"]]])
    lost = {
        row["slot_id"]: Lost({crew.id: places_of[row["id"]]}, row["capacity"] - places_of[row["id"]])
        for row in less
    }
    done = await empty(lost, Mover(Actor.SYSTEM, keys.seal(BECAUSE)), BECAUSE, at=at)
    smaller = [row["id"] for row in less if places_of[row["id"]]]
    await sql.rows(KEEP, smaller, [places_of[shift_id] for shift_id in smaller])
    return Relaid(await queries.hours_of(crew.id), done[Move.RESCHEDULE], done[Move.CANCEL])


def refuse_overlapping(week: Sequence[Span]) -> None:
    """Raises HoursOverlap where a crew would come twice at once to a district."""
    for one, after in pairwise(sorted(week)):
        if (one.district, one.weekday) == (after.district, after.weekday) and after.begins < one.ends:
            raise HoursOverlap(district=one.district, weekday=DAYS[one.weekday])
