"""The end of a season: what nobody has spent goes back to who gave it."""

from datetime import datetime

from tortoise.transactions import in_transaction

from faq.packs import Pack
from miniapi.audit.actions import record
from miniapi.clock import SHANGHAI
from miniapi.masking import masked_words
from miniapi.programmes import actions as programmes
from miniapi.programmes import queries
from miniapi.programmes.actions import Returned
from miniapi.programmes.models import Programme
from miniapi.settlement.errors import NothingUnspent, ProgrammeNotOver
from miniapi.staff.callers import Finance
from miniapi.vouchers.ending import expire_overdue


async def return_unspent(
    pack: Pack, reason: str, officer: Finance, *, at: datetime
) -> tuple[Programme, Returned]:
    """Give the pool of a region's last programme that is over back to its sources, pro rata.

    No voucher is out any more then, and none returns: whatever still comes in, by a refund or from a shop
    that owes, waits in the pool until this is done again. `reason` is kept without numbers of anybody.

    Raises NoSuchProgramme, ProgrammeNotOver, NothingUnspent.
    """
    because = masked_words(reason)
    found = await queries.over(pack.region, at=at)
    if found is None:
        running = await queries.programme_of(pack.region, at=at)
        raise ProgrammeNotOver(closes_at=running.closes_at.astimezone(SHANGHAI))
    await expire_overdue(at=at)
    async with in_transaction():
        # whoever sets the grant holds the programme too, and of two who give back one finds nothing
        programme = await Programme.filter(id=found.id).select_for_update(no_key=True).get()
        returned = await programmes.return_unspent(programme, pack, at=at)
        if not returned.total:
            raise NothingUnspent()
        await record(
            officer.actor,
            "programme.unspent_returned",
            f"programme:{programme.id}",
            at=at,
            reason=because,
            after={"unspent": returned.number, **{name.value: fen for name, fen in returned.parts.items()}},
        )
    return programme, returned
