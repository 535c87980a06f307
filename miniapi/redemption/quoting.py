"""Quotes: what a voucher that is held out takes off an item, promised to one clerk for some minutes."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from tortoise.transactions import in_transaction

from faq.packs import Citation, Library, Pack
from faq.rules import SubsidyRule
from miniapi.clock import SHANGHAI
from miniapi.keys import Keys
from miniapi.merchants.callers import Clerk
from miniapi.money import Fen
from miniapi.redemption import counter, queries, rules
from miniapi.redemption.errors import (
    EnergyGradeRequired,
    NotSubsidised,
    QuoteUsed,
    VoucherElsewhere,
    VoucherLocked,
)
from miniapi.redemption.models import CounterQuote, QuoteState
from miniapi.subsidies.rules import Item, grades, person_cap
from miniapi.vouchers import presenting
from miniapi.vouchers import queries as vouchers
from miniapi.vouchers.errors import PresentationExpired, PresentationUsed
from miniapi.vouchers.models import Presentation, Voucher

REMEMBERED_FOR = timedelta(days=1)  # so long a quote that came to nothing is told from none


@dataclass(frozen=True, slots=True)
class Quoted:
    """A quote, the voucher it is for, and its sentences, which all rest on one clause."""

    quote: CounterQuote
    voucher: Voucher
    steps: tuple[str, ...]
    citation: Citation


async def quote(
    shown: presenting.Shown, item: Item, clerk: Clerk, library: Library, keys: Keys, *, at: datetime
) -> Quoted:
    """Promise what a voucher takes off an item, and lock the voucher to this clerk until the promise ends.

    A presentation is used up by a quote only. Whatever is refused leaves it as it is: the customer who took
    the wrong fridge to the counter need not take the phone out again. The same clerk may quote anew.

    Raises PresentationForged, NoSuchPresentation, PresentationUsed, VoucherExpired, PresentationExpired,
    VoucherNotUsable, VoucherElsewhere, RedemptionsFrozen, RedemptionClosed, NoSubsidyRule,
    EnergyGradeRequired, NotSubsidised, VoucherLocked; VoucherMoved.
    """
    presentation = await presenting.found(shown, keys)
    async with in_transaction():
        owner, voucher = await counter.held_with_owner(presentation.voucher_id)
        await _refuse_dead(presentation.id, voucher, library, at=at)
        pack, programme = library.packs[voucher.region], voucher.drop.programme
        if clerk.merchant.region != voucher.region:
            raise VoucherElsewhere(place=pack.name)
        await counter.refuse_closed(programme, pack, at=at)
        rule, _ = counter.rules_of(pack, at)
        room = max(Fen(0), Fen(person_cap(rule) - await vouchers.kept_by(owner, programme.id)))
        offer = _offer(item, rule, pack, room=room, worth=Fen(voucher.max_fen), at=at)
        await _end_open_quote(voucher, clerk, at=at)
        await Presentation.filter(id=presentation.id).update(used_at=at)
        promised = await CounterQuote.create(
            voucher=voucher,
            merchant_id=clerk.merchant.id,
            clerk_id=clerk.id,
            category=item.category.key,
            energy_grade=item.energy_grade,
            price_fen=item.price,
            subsidy_fen=offer.subsidy,
            quoted_at=at,
            expires_at=rules.promised_until(voucher, at),
        )
    return Quoted(promised, voucher, offer.steps, pack.citation(rule.cites, at))


async def give_back(quote_id: UUID, clerk: Clerk) -> None:
    """End a quote, so that the voucher can go to another counter. Again, it changes nothing.

    Raises NoSuchQuote, QuoteUsed.
    """
    found = await queries.quote(quote_id, clerk)
    still_open = CounterQuote.filter(id=found.id, state=QuoteState.OPEN)
    if await still_open.update(state=QuoteState.GIVEN_BACK):
        return
    await found.refresh_from_db()
    if found.state is QuoteState.USED:
        raise QuoteUsed()


async def forget_quotes(*, at: datetime) -> int:
    """Delete the quotes of yesterday that came to nothing; how many it were."""
    over = CounterQuote.filter(expires_at__lte=at - REMEMBERED_FOR)
    return await over.exclude(state=QuoteState.USED).delete()


async def _refuse_dead(presentation_id: UUID, voucher: Voucher, library: Library, *, at: datetime) -> None:
    """Look again, now that the voucher is locked: of two who use it the second one sees that it was used."""
    presentation = await Presentation.get_or_none(id=presentation_id)
    if presentation is None:
        raise PresentationExpired()
    if presentation.used_at is not None:
        raise PresentationUsed()
    presenting.refuse_lapsed(voucher, library, at=at)
    if at >= presentation.expires_at:
        raise PresentationExpired()
    presenting.refuse_ended(voucher)


def _offer(item: Item, rule: SubsidyRule, pack: Pack, *, room: Fen, worth: Fen, at: datetime) -> rules.Offer:
    cited = [pack.citation(rule.cites, at)]
    if rules.lacks_grade(item, rule):
        raise EnergyGradeRequired(category=item.category.name, grades=grades(rule), citations=cited)
    offer = rules.offer(item, rule, room=room, worth=worth)
    if offer.subsidy == 0:
        raise NotSubsidised(because="".join(offer.steps), citations=cited)
    return offer


async def _end_open_quote(voucher: Voucher, clerk: Clerk, *, at: datetime) -> None:
    """End what was promised for a voucher, which is held, unless it was to somebody else and still holds."""
    found = await CounterQuote.get_or_none(voucher_id=voucher.id, state=QuoteState.OPEN)
    if found is None:
        return
    if found.clerk_id != clerk.id and at < found.expires_at:
        raise VoucherLocked(until=found.expires_at.astimezone(SHANGHAI))
    await CounterQuote.filter(id=found.id).update(state=QuoteState.GIVEN_BACK)
