"""Those who pay shops, and what they paid."""

from datetime import datetime

from miniapi.redemption.models import Redemption
from miniapi.settlement.actions import Settled, settle
from miniapi.staff.callers import Finance
from miniapi.staff.models import StaffRole
from tests.factories.staff import a_staff


async def a_payer(at: datetime) -> Finance:
    """Somebody of finance."""
    return Finance(await a_staff(at, StaffRole.FINANCE), "")


async def a_settlement(at: datetime, *redemptions: Redemption) -> Settled:
    """What was just paid for these redemptions of one shop in Yangling."""
    ids = [one.id for one in redemptions]
    return await settle("yangling", redemptions[0].merchant_id, ids, await a_payer(at), at=at)
