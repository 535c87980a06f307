"""What a shop can ask about its counter."""

from uuid import UUID

from tortoise.queryset import QuerySet

from miniapi.merchants.callers import Clerk
from miniapi.redemption.errors import NoSuchQuote, NoSuchRedemption
from miniapi.redemption.models import CounterQuote, Redemption, RedemptionEvent


async def quote(quote_id: UUID, clerk: Clerk) -> CounterQuote:
    """A quote that this clerk made for this shop. Raises NoSuchQuote, also for anybody else's."""
    own = CounterQuote.filter(clerk_id=clerk.id, merchant_id=clerk.merchant.id)
    if (found := await own.get_or_none(id=quote_id)) is None:
        raise NoSuchQuote()
    return found


def redemptions_of(merchant_id: UUID) -> "QuerySet[Redemption]":
    """All redemptions of a shop, with their vouchers and what became of them."""
    return Redemption.filter(merchant_id=merchant_id).select_related("voucher").prefetch_related("events")


async def redemption(redemption_id: UUID, merchant_id: UUID) -> Redemption:
    """A redemption of this shop. Raises NoSuchRedemption, also for another shop's."""
    if (found := await redemptions_of(merchant_id).get_or_none(id=redemption_id)) is None:
        raise NoSuchRedemption()
    return found


async def is_serial_known(serial_number: str) -> bool:
    """Whether a piece of this number (as `plain_number` writes it) was sold before, or came back since."""
    replaced = RedemptionEvent.filter(replaced_serial=serial_number)
    return await Redemption.exists(serial_number=serial_number) or await replaced.exists()
