"""The jobs: the clock, one action, a sentence for the log. Each can run twice without harm."""

from dataclasses import dataclass
from pathlib import Path

from faq.packs import Library
from miniapi import clock
from miniapi.audit import queries as audit
from miniapi.drops import actions as drops
from miniapi.http.answers import written
from miniapi.keys import Keys
from miniapi.pickup import by_the_clock as pickups
from miniapi.pickup import photos, places, untaken
from miniapi.privacy import cleaning
from miniapi.reminders.sending import Sender
from miniapi.tickets import checking
from miniapi.vouchers import drawing, ending, expiring
from miniapi.wechat.client import WeChat

NOTICED_LATE = 5  # seconds


@dataclass(frozen=True, slots=True)
class Tools:
    """What jobs use of the outside world."""

    sender: Sender
    library: Library
    keys: Keys | None  # without them no seed of a draw can be opened
    photos: Path  # where residents' photos are kept
    wechat: WeChat


async def announce_drops(tools: Tools) -> str | None:
    """Say which drops have opened."""
    now = clock.now()
    opened = await drops.announce(at=now)
    if not opened:
        return None
    late = int((now - opened[0].opens_at).total_seconds())
    said = f"opened the drops of {', '.join(written(drop.opens_at) for drop in opened)}"
    return f"{said}, {late} seconds late" if late > NOTICED_LATE else said


async def draw_lotteries(tools: Tools) -> str | None:
    """Draw the drops whose registration has ended."""
    drawn = await drawing.draw_due(tools.library, tools.keys, at=clock.now())
    return f"drew the drops of {', '.join(written(drop.opens_at) for drop in drawn)}" if drawn else None


async def send_reminders(tools: Tools) -> str | None:
    """Send what is due, and nothing of drops that are frozen."""
    now = clock.now()
    await drops.hold_reminders_back(at=now)
    sent = await tools.sender.send_due(at=now)
    return f"sent {sent} reminders" if sent else None


async def hold_reminders_back(tools: Tools) -> str | None:
    """Hold back what is of drops that were frozen just now, also while a crowd is being told."""
    held = await drops.hold_reminders_back(at=clock.now())
    return f"held back {held} reminders of drops that are frozen" if held else None


async def check_words(tools: Tools) -> str | None:
    """Ask WeChat about residents' new words; without keys nobody can read them."""
    judged = await checking.check_words(tools.wechat, tools.keys, at=clock.now()) if tools.keys else 0
    return f"wechat judged {judged} texts of residents" if judged else None


async def expire_vouchers(tools: Tools) -> str | None:
    """Give back what has lapsed."""
    expired = await ending.expire_overdue(at=clock.now())
    return f"expired {expired} vouchers" if expired else None


async def remind_of_expiry(tools: Tools) -> str | None:
    """Owe word of vouchers that lapse soon."""
    owed = await expiring.remind(at=clock.now())
    return f"owed {owed} words of vouchers that lapse soon" if owed else None


async def lay_out_slots(tools: Tools) -> str | None:
    """Keep two weeks of slots open."""
    return f"laid out {await places.lay_out_slots(at=clock.now())} slots"


async def give_back_places(tools: Tools) -> str | None:
    """Give back places that were held too long."""
    given_back = await places.give_back_expired(at=clock.now())
    return f"gave back {given_back} held places" if given_back else None


async def remind_of_pickups(tools: Tools) -> str | None:
    """Owe word of tomorrow's and today's visits."""
    owed = await pickups.remind(at=clock.now())
    return f"owed {owed} words of visits" if owed else None


async def give_back_left_alone(tools: Tools) -> str | None:
    """Let other crews accept what a crew had to do in which nobody is any more."""
    given_back = await untaken.give_back_left_alone(at=clock.now())
    return f"gave back {given_back} bookings of crews with nobody in them" if given_back else None


async def end_missed_pickups(tools: Tools) -> str | None:
    """Say of bookings that nobody came for that they were missed."""
    missed = await pickups.end_missed(at=clock.now())
    return f"{missed} bookings were missed by their crews" if missed else None


async def clean_up(tools: Tools) -> str | None:
    """Forget what nobody needs any more."""
    gone = {**await cleaning.clean_up(at=clock.now())}
    if swept := await photos.sweep(tools.photos):
        gone["files of photos"] = swept
    return f"forgot {', '.join(f'{many} {what}' for what, many in gone.items())}" if gone else None


async def anchor_audit_log(tools: Tools) -> str | None:
    """Say where the audit log ends."""
    last = await audit.head()
    return f"the audit log ends with event {last.seq}, hash {last.hash}" if last else None
