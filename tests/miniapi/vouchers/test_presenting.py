import asyncio
import base64
import re
from datetime import timedelta

import pytest

from miniapi.accounts.models import Resident
from miniapi.errors import NotSignedIn
from miniapi.ids import new_id
from miniapi.keys import Keys
from miniapi.vouchers import presenting
from miniapi.vouchers.errors import (
    NoSuchPresentation,
    NoSuchVoucher,
    PresentationExpired,
    PresentationForged,
    VoucherExpired,
    VoucherNotUsable,
)
from miniapi.vouchers.models import Presentation, Voucher, VoucherState
from miniapi.vouchers.presenting import Shown
from tests.factories.counter import a_presentation, a_voucher
from tests.factories.people import SECRET, a_resident

SECOND = timedelta(seconds=1)


@pytest.fixture
async def voucher(database, noon, library):
    return await a_voucher(noon, library)


class TestPresent:
    async def test_gives_a_payload_and_eight_digits_for_a_minute(self, voucher, noon, library):
        presented = await a_presentation(voucher, library, at=noon)

        assert re.fullmatch(r"[0-9]{8}", presented.code)
        assert presented.payload.startswith("HX1.")
        assert len(presented.payload) <= 80
        assert presented.expires_at == noon + timedelta(seconds=60)

    async def test_tells_nothing_in_the_clear(self, voucher, noon, library):
        presented = await a_presentation(voucher, library, at=noon)

        inside = base64.urlsafe_b64decode(presented.payload.removeprefix("HX1."))
        assert voucher.code not in presented.payload
        assert presented.code.encode() not in inside
        assert voucher.resident_id.bytes not in inside

    async def test_both_lead_to_the_same_presentation(self, voucher, noon, library, keys):
        presented = await a_presentation(voucher, library, at=noon)

        scanned = await presenting.found(Shown(payload=presented.payload), keys)
        typed = await presenting.found(Shown(code=presented.code), keys)

        assert scanned.id == typed.id
        assert scanned.voucher_id == voucher.id

    async def test_only_the_newest_works(self, voucher, noon, library):
        await a_presentation(voucher, library, at=noon)
        await a_presentation(voucher, library, at=noon + SECOND)

        first, second = await Presentation.all().order_by("presented_at")
        assert first.expires_at == noon + SECOND
        assert second.expires_at == noon + 61 * SECOND

    async def test_one_whose_time_was_over_stays_as_it_was(self, voucher, noon, library):
        await a_presentation(voucher, library, at=noon)
        await a_presentation(voucher, library, at=noon + 70 * SECOND)

        first = await Presentation.all().order_by("presented_at").first()
        assert first.expires_at == noon + 60 * SECOND

    async def test_presented_many_times_at_once_one_works(self, voucher, noon, library):
        presented = await asyncio.gather(*(a_presentation(voucher, library, at=noon) for _ in range(10)))

        assert len({one.code for one in presented}) == 10
        assert await Presentation.filter(expires_at__gt=noon).count() == 1

    async def test_a_code_somebody_has_is_not_given_again(self, voucher, noon, library, monkeypatch):
        thrown = iter([7, 7, 8])
        monkeypatch.setattr("secrets.randbelow", lambda _: next(thrown))

        first = await a_presentation(voucher, library, at=noon)
        second = await a_presentation(voucher, library, at=noon)

        assert (first.code, second.code) == ("00000007", "00000008")

    async def test_somebody_elses_voucher_is_not_there(self, voucher, noon, library, keys):
        stranger = await a_resident(noon)

        with pytest.raises(NoSuchVoucher):
            await presenting.present(voucher.id, stranger.id, library, keys, at=noon)
        with pytest.raises(NoSuchVoucher):
            await presenting.present(new_id(), stranger.id, library, keys, at=noon)

    async def test_a_voucher_works_through_its_last_second_and_then_not(self, voucher, library):
        last = voucher.valid_until + timedelta(milliseconds=999)

        await a_presentation(voucher, library, at=last)
        with pytest.raises(VoucherExpired) as refused:
            await a_presentation(voucher, library, at=voucher.valid_until + SECOND)

        assert [cited.clause for cited in refused.value.citations] == ["细则四（一）"]
        assert "09月08日 23:59:59" in str(refused.value)

    @pytest.mark.parametrize(
        ("state", "subsidy_fen", "says"),
        [(VoucherState.REDEEMED, 5, "用过"), (VoucherState.VOID, 0, "作废")],
    )
    async def test_what_was_used_or_taken_back_says_so(
        self, voucher, noon, library, state, subsidy_fen, says
    ):
        await Voucher.filter(id=voucher.id).update(state=state, reserved_fen=0, subsidy_fen=subsidy_fen)

        with pytest.raises(VoucherNotUsable, match=says):
            await a_presentation(voucher, library, at=noon)

    async def test_who_has_left_presents_nothing(self, voucher, noon, library):
        await Resident.filter(id=voucher.resident_id).update(
            left_at=noon, openid=None, person_id=None, name_sealed=None, id_number_sealed=None
        )

        with pytest.raises(NotSignedIn):
            await a_presentation(voucher, library, at=noon)


class TestFound:
    async def test_digits_nobody_has_are_not_there(self, voucher, noon, library, keys):
        presented = await a_presentation(voucher, library, at=noon)
        wrong = f"{(int(presented.code) + 1) % 10**8:08d}"

        with pytest.raises(NoSuchPresentation):
            await presenting.found(Shown(code=wrong), keys)

    @pytest.mark.parametrize("payload", ["", "HX1.", "HX2.AAAA", "12345678", "HX1.***", "HX1.券", "x" * 200])
    async def test_what_we_did_not_write_is_forged(self, database, keys, payload):
        with pytest.raises(PresentationForged):
            await presenting.found(Shown(payload=payload), keys)

    async def test_any_changed_character_is_forged(self, voucher, noon, library, keys):
        payload = (await a_presentation(voucher, library, at=noon)).payload

        for place in range(len(payload)):
            other = "A" if payload[place] != "A" else "B"
            with pytest.raises(PresentationForged):
                await presenting.found(Shown(payload=payload[:place] + other + payload[place + 1 :]), keys)

    async def test_another_installations_is_forged(self, voucher, noon, library):
        payload = (await a_presentation(voucher, library, at=noon)).payload

        with pytest.raises(PresentationForged):
            await presenting.found(Shown(payload=payload), Keys("another secret of the same length at least"))

    async def test_one_signed_with_an_earlier_key_is_good(self, voucher, noon, library):
        payload = (await a_presentation(voucher, library, at=noon)).payload
        rotated = Keys(f"a newer secret that is long enough to be one,{SECRET}")

        assert (await presenting.found(Shown(payload=payload), rotated)).voucher_id == voucher.id

    async def test_one_that_was_forgotten_has_expired(self, voucher, noon, library, keys):
        payload = (await a_presentation(voucher, library, at=noon)).payload
        await Presentation.all().delete()

        with pytest.raises(PresentationExpired):
            await presenting.found(Shown(payload=payload), keys)


async def test_is_forgotten_after_a_day(voucher, noon, library):
    await a_presentation(voucher, library, at=noon)
    over = noon + timedelta(seconds=60)

    assert await presenting.forget_presentations(at=over + timedelta(days=1) - SECOND) == 0
    assert await presenting.forget_presentations(at=over + timedelta(days=1)) == 1
