"""What whatever happens at a counter begins with: the voucher held, the programme open, its rules."""

from datetime import datetime
from uuid import UUID

from faq.packs import Pack
from faq.rules import CounterRule, SubsidyRule
from miniapi.accounts.actions import held
from miniapi.accounts.models import Resident
from miniapi.clock import SHANGHAI
from miniapi.database import sql
from miniapi.errors import NotSignedIn
from miniapi.programmes.models import Programme
from miniapi.redemption.errors import RedemptionClosed, RedemptionsFrozen
from miniapi.subsidies.errors import NoSubsidyRule
from miniapi.vouchers.errors import VoucherMoved, VoucherNotUsable
from miniapi.vouchers.models import Voucher

HOLD = "SELECT redemptions_frozen_because FROM programme WHERE id = $1 FOR SHARE"


async def held_with_owner(voucher_id: UUID) -> tuple[Resident, Voucher]:
    """A voucher's owner and then the voucher (with its programme), locked until the transaction ends.

    Raises VoucherNotUsable where the owner has left, VoucherMoved where it has just got another owner.
    """
    seen = await Voucher.get(id=voucher_id)
    try:
        owner = await held(seen.resident_id)
    except NotSignedIn:
        raise VoucherNotUsable(because="持券人已注销账号，这张券不能使用。") from None
    voucher = await Voucher.filter(id=voucher_id).select_for_update().get()
    if voucher.resident_id != owner.id:
        raise VoucherMoved()
    await voucher.fetch_related("drop__programme")
    return owner, voucher


async def refuse_closed(programme: Programme, pack: Pack, *, at: datetime) -> None:
    """Hold the programme: once a freeze is committed nothing more is sold, also not what had begun before.

    Call it inside the transaction of what is sold. Raises RedemptionsFrozen, RedemptionClosed.
    """
    (held,) = await sql.rows(HOLD, programme.id)
    if (because := held["redemptions_frozen_because"]) is not None:
        raise RedemptionsFrozen(because=because)
    if not programme.opens_at <= at < programme.closes_at:
        calendar = pack.rules.calendar(at.astimezone(SHANGHAI).date())
        raise RedemptionClosed(
            opens_at=programme.opens_at.astimezone(SHANGHAI),
            closes_at=programme.closes_at.astimezone(SHANGHAI),
            citations=[pack.citation(calendar.cites_last_day, at)] if calendar else [],
        )


def rules_of(pack: Pack, at: datetime) -> tuple[SubsidyRule, CounterRule]:
    """What holds on the day of the sale. Raises NoSubsidyRule."""
    day = at.astimezone(SHANGHAI).date()
    subsidy, counter = pack.rules.subsidy(day), pack.rules.counter(day)
    if subsidy is None or counter is None:
        raise NoSubsidyRule(document=f"《{pack.document.title}》")
    return subsidy, counter
