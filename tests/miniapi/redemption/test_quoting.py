import asyncio
from collections import Counter
from datetime import timedelta

import pytest

from miniapi.merchants.models import Merchant
from miniapi.money import Fen
from miniapi.programmes.models import Programme
from miniapi.redemption import quoting
from miniapi.redemption.errors import (
    EnergyGradeRequired,
    NoSuchQuote,
    NotSubsidised,
    QuoteUsed,
    RedemptionClosed,
    RedemptionsFrozen,
    VoucherElsewhere,
    VoucherLocked,
)
from miniapi.redemption.models import CounterQuote, QuoteState
from miniapi.redemption.quoting import Quoted
from miniapi.subsidies import queries as subsidies
from miniapi.subsidies.errors import NoSubsidyRule
from miniapi.subsidies.rules import Item
from miniapi.vouchers.errors import (
    PresentationExpired,
    PresentationUsed,
    VoucherExpired,
    VoucherMoved,
    VoucherNotUsable,
)
from miniapi.vouchers.models import Presentation, Voucher, VoucherState
from miniapi.vouchers.presenting import Shown
from tests.factories.counter import a_clerk, a_counter_quote, a_presentation, a_redemption, a_shop, a_voucher
from tests.factories.people import KEYS, a_resident

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


@pytest.fixture
async def voucher(database, noon, library):
    return await a_voucher(noon, library)


@pytest.fixture
async def clerk(database, noon):
    return await a_clerk(noon)


@pytest.fixture
def quoted(library):
    """Quote a fridge for what is held out."""

    async def quote(presented, clerk, at, *, category="fridge", price=520_000, grade=1, by_code=False):
        item = Item(library.categories[category], Fen(price), grade)
        shown = Shown(code=presented.code) if by_code else Shown(payload=presented.payload)
        return await quoting.quote(shown, item, clerk, library, KEYS, at=at)

    return quote


class TestQuote:
    async def test_promises_the_exact_sum_and_locks_the_voucher_for_ten_minutes(
        self, voucher, clerk, noon, library
    ):
        quoted = await a_counter_quote(voucher, clerk, library, at=noon)

        kept = await CounterQuote.get()
        assert (kept.subsidy_fen, kept.price_fen, kept.energy_grade) == (52_000, 520_000, 1)
        assert (kept.state, kept.voucher_id, kept.clerk_id) == (QuoteState.OPEN, voucher.id, clerk.id)
        assert kept.expires_at == noon + 10 * MINUTE
        assert quoted.citation.clause == "细则三"

    async def test_says_what_everybody_was_told(self, voucher, clerk, noon, library):
        item = Item(library.categories["tv"], Fen(1_500_000), 1)
        (told,) = subsidies.quote(library.packs["yangling"], [item], used=Fen(0), at=noon).items

        quoted = await a_counter_quote(
            voucher, clerk, library, at=noon, category="tv", price_fen=1_500_000, energy_grade=1
        )

        assert quoted.steps == told.steps
        assert quoted.quote.subsidy_fen == told.subsidy == 100_000

    async def test_typed_digits_do_as_well(self, voucher, clerk, noon, library, quoted):
        presented = await a_presentation(voucher, library, at=noon)

        assert (await quoted(presented, clerk, noon, by_code=True)).voucher.id == voucher.id

    async def test_uses_the_presentation_up(self, voucher, clerk, noon, library, quoted):
        presented = await a_presentation(voucher, library, at=noon)
        await quoted(presented, clerk, noon)

        with pytest.raises(PresentationUsed):
            await quoted(presented, clerk, noon)
        with pytest.raises(PresentationUsed):  # also when its minute is over
            await quoted(presented, await a_clerk(noon), noon + 2 * MINUTE)

    async def test_counts_what_the_person_has_kept(self, voucher, clerk, noon, library):
        await a_redemption(noon, library, voucher=voucher, clerk=clerk, price_fen=700_000)
        other = await Voucher.create(
            code="OTHER",
            drop_id=(await a_voucher(noon, library)).drop_id,
            resident_id=voucher.resident_id,
            person_id=(await a_resident(noon)).person_id,
            region="yangling",
            rank=99,
            max_fen=100_000,
            reserved_fen=100_000,
            issued_at=noon,
            valid_until=voucher.valid_until,
        )
        await Voucher.filter(id=voucher.id).update(max_fen=250_000, subsidy_fen=250_000)

        quoted = await a_counter_quote(other, clerk, library, at=noon, price_fen=900_000)

        assert quoted.quote.subsidy_fen == 50_000
        assert "您还能补 500 元" in quoted.steps[-1]

    async def test_a_refusal_leaves_the_presentation_as_it_is(self, voucher, clerk, noon, library, quoted):
        presented = await a_presentation(voucher, library, at=noon)
        with pytest.raises(NotSubsidised, match="3 级能效") as wrong:
            await quoted(presented, clerk, noon, grade=3)
        with pytest.raises(EnergyGradeRequired) as missing:
            await quoted(presented, clerk, noon, grade=None)
        with pytest.raises(NotSubsidised, match="不在列出的补贴品类里") as unlisted:
            await quoted(presented, clerk, noon, category="freezer")

        quote = (await quoted(presented, clerk, noon)).quote

        assert quote.state is QuoteState.OPEN
        for refused in (wrong, missing, unlisted):
            assert [cited.clause for cited in refused.value.citations] == ["细则三"]

    async def test_a_presentation_dies_after_a_minute(self, voucher, clerk, noon, library, quoted):
        presented = await a_presentation(voucher, library, at=noon)

        with pytest.raises(PresentationExpired):
            await quoted(presented, clerk, noon + MINUTE)
        assert await quoted(presented, clerk, noon + MINUTE - timedelta(microseconds=1))

    async def test_a_picture_passed_on_dies_with_the_next_presentation(
        self, voucher, clerk, noon, library, quoted
    ):
        passed_on = await a_presentation(voucher, library, at=noon)
        shown = await a_presentation(voucher, library, at=noon + SECOND)

        with pytest.raises(PresentationExpired):
            await quoted(passed_on, clerk, noon + 2 * SECOND)
        assert await quoted(shown, clerk, noon + 2 * SECOND)

    async def test_a_voucher_that_lapsed_meanwhile_says_so(self, voucher, clerk, library, quoted):
        presented = await a_presentation(voucher, library, at=voucher.valid_until)

        with pytest.raises(VoucherExpired) as refused:
            await quoted(presented, clerk, voucher.valid_until + SECOND)
        assert [cited.clause for cited in refused.value.citations] == ["细则四（一）"]

    async def test_in_the_last_second_there_is_a_moment_left(self, voucher, clerk, library):
        late = voucher.valid_until + timedelta(milliseconds=500)

        quote = (await a_counter_quote(voucher, clerk, library, at=late)).quote

        assert quote.expires_at == voucher.valid_until + SECOND

    async def test_a_used_or_void_voucher_says_so(self, voucher, clerk, noon, library, quoted):
        presented = await a_presentation(voucher, library, at=noon)
        await Voucher.filter(id=voucher.id).update(state=VoucherState.VOID, reserved_fen=0)

        with pytest.raises(VoucherNotUsable, match="作废"):
            await quoted(presented, clerk, noon)

    async def test_a_frozen_programme_says_why(self, voucher, clerk, noon, library, quoted):
        presented = await a_presentation(voucher, library, at=noon)
        await Programme.all().update(redemptions_frozen_because="系统核对")

        with pytest.raises(RedemptionsFrozen, match="系统核对"):
            await quoted(presented, clerk, noon)

    async def test_outside_the_programme_nothing_is_sold(self, voucher, clerk, noon, library, quoted):
        presented = await a_presentation(voucher, library, at=noon)
        await Programme.all().update(closes_at=noon)

        with pytest.raises(RedemptionClosed) as refused:
            await quoted(presented, clerk, noon)
        assert [cited.clause for cited in refused.value.citations] == ["细则一"]

    async def test_a_shop_elsewhere_cannot_take_it(self, voucher, noon, library, quoted):
        presented = await a_presentation(voucher, library, at=noon)
        elsewhere = await a_clerk(noon, await a_shop(region="jining"))

        with pytest.raises(VoucherElsewhere, match="杨凌"):
            await quoted(presented, elsewhere, noon)

    async def test_a_region_whose_document_fixes_nothing_sells_nothing(
        self, voucher, clerk, noon, library, quoted
    ):
        presented = await a_presentation(voucher, library, at=noon)
        await Voucher.filter(id=voucher.id).update(region="jining")
        await Merchant.filter(id=clerk.merchant.id).update(region="jining")
        await clerk.merchant.refresh_from_db()

        with pytest.raises(NoSubsidyRule, match="没有规定"):
            await quoted(presented, clerk, noon)

    async def test_a_voucher_whose_owner_left_is_none(self, voucher, clerk, noon, library, quoted):
        presented = await a_presentation(voucher, library, at=noon)
        owner = await voucher.resident
        await owner.update_from_dict(
            {
                "left_at": noon,
                "openid": None,
                "person_id": None,
                "name_sealed": None,
                "id_number_sealed": None,
            }
        ).save()

        with pytest.raises(VoucherNotUsable, match="注销"):
            await quoted(presented, clerk, noon)

    async def test_a_voucher_that_moves_on_meanwhile_is_asked_for_again(
        self, voucher, clerk, noon, library, quoted, monkeypatch
    ):
        presented, target = await a_presentation(voucher, library, at=noon), await a_resident(noon)
        seen = Voucher.get

        async def seen_before_it_moved(**wanted):
            found = await seen(**wanted)
            await Voucher.filter(id=found.id).update(resident_id=target.id)
            return found

        monkeypatch.setattr(Voucher, "get", seen_before_it_moved)

        with pytest.raises(VoucherMoved):
            await quoted(presented, clerk, noon)


class TestLock:
    async def test_keeps_other_counters_out_until_it_ends(self, voucher, clerk, noon, library):
        other = await a_clerk(noon)
        await a_counter_quote(voucher, clerk, library, at=noon)

        with pytest.raises(VoucherLocked) as refused:
            await a_counter_quote(voucher, other, library, at=noon + 10 * MINUTE - SECOND)
        later = await a_counter_quote(voucher, other, library, at=noon + 10 * MINUTE)

        assert refused.value.facts["until"] == noon + 10 * MINUTE
        assert [one.id for one in await CounterQuote.filter(state=QuoteState.OPEN)] == [later.quote.id]

    async def test_leaves_the_other_presentation_for_when_it_ends(
        self, voucher, clerk, noon, library, quoted
    ):
        await a_counter_quote(voucher, clerk, library, at=noon)
        presented = await a_presentation(voucher, library, at=noon)

        with pytest.raises(VoucherLocked):
            await quoted(presented, await a_clerk(noon), noon)

        assert (await Presentation.get(code=presented.code)).used_at is None

    async def test_the_same_clerk_quotes_anew(self, voucher, clerk, noon, library):
        first = await a_counter_quote(voucher, clerk, library, at=noon)
        second = await a_counter_quote(voucher, clerk, library, at=noon + MINUTE, price_fen=480_000)

        assert (await CounterQuote.get(id=first.quote.id)).state is QuoteState.GIVEN_BACK
        assert (await CounterQuote.get(id=second.quote.id)).subsidy_fen == 48_000

    async def test_one_code_at_twenty_counters_is_used_once(self, voucher, noon, library, quoted):
        presented = await a_presentation(voucher, library, at=noon)
        clerks = [await a_clerk(noon) for _ in range(20)]

        outcomes = await asyncio.gather(
            *(quoted(presented, clerk, noon) for clerk in clerks), return_exceptions=True
        )

        assert Counter(map(type, outcomes)) == {Quoted: 1, PresentationUsed: 19}
        assert await CounterQuote.all().count() == 1


class TestGiveBack:
    async def test_frees_the_voucher_for_another_counter(self, voucher, clerk, noon, library):
        quoted = await a_counter_quote(voucher, clerk, library, at=noon)

        await quoting.give_back(quoted.quote.id, clerk)
        await quoting.give_back(quoted.quote.id, clerk)  # again, which changes nothing

        assert await a_counter_quote(voucher, await a_clerk(noon), library, at=noon)

    async def test_is_the_clerks_own_business(self, voucher, clerk, noon, library):
        quoted = await a_counter_quote(voucher, clerk, library, at=noon)
        colleague = await a_clerk(noon, clerk.merchant)

        with pytest.raises(NoSuchQuote):
            await quoting.give_back(quoted.quote.id, colleague)
        assert (await CounterQuote.get()).state is QuoteState.OPEN

    async def test_comes_too_late_after_the_sale(self, voucher, clerk, noon, library):
        redemption = await a_redemption(noon, library, voucher=voucher, clerk=clerk)

        with pytest.raises(QuoteUsed):
            await quoting.give_back(redemption.quote_id, clerk)


async def test_what_came_to_nothing_is_forgotten_after_a_day_and_what_was_used_never(clerk, noon, library):
    sold = await a_redemption(noon, library, clerk=clerk)
    await a_counter_quote(await a_voucher(noon, library), clerk, library, at=noon)
    a_day_later = noon + 10 * MINUTE + timedelta(days=1)

    assert await quoting.forget_quotes(at=a_day_later - SECOND) == 0
    assert await quoting.forget_quotes(at=a_day_later) == 1
    assert [one.id for one in await CounterQuote.all()] == [sold.quote_id]
