from datetime import timedelta

from miniapi.reminders import actions as reminders
from miniapi.reminders.models import Notice
from miniapi.vouchers import claiming, expiring, queries
from miniapi.vouchers.models import Voucher
from tests.factories.people import a_resident
from tests.factories.season import an_open_drop


async def a_voucher(library, noon):
    drop = await an_open_drop(library, noon)
    await claiming.claim(drop.id, await a_resident(noon), library, at=noon)
    return await Voucher.get()


async def words():
    return await Notice.filter(kind="voucher_expiry", asked_for=False).order_by("created_at")


async def test_comes_two_days_and_three_hours_before_each_once(database, noon, library):
    voucher = await a_voucher(library, noon)

    owed = {}
    for hours in (49, 48, 47, 4, 3, 2, -1):
        at = voucher.valid_until - timedelta(hours=hours)
        owed[hours] = await expiring.remind(at=at) + await expiring.remind(at=at)

    assert owed == {49: 0, 48: 1, 47: 0, 4: 0, 3: 1, 2: 0, -1: 0}
    assert {one.subject for one in await words()} == {voucher.id}


async def test_of_both_that_were_missed_only_the_last_comes(database, noon, library):
    voucher = await a_voucher(library, noon)

    assert await expiring.remind(at=voucher.valid_until - timedelta(hours=1)) == 1
    assert await expiring.remind(at=voucher.valid_until - timedelta(minutes=30)) == 0


async def test_not_of_one_that_was_claimed_later_or_is_used(database, noon, library):
    voucher = await a_voucher(library, noon)
    await Voucher.all().update(issued_at=voucher.valid_until - timedelta(hours=40))
    claimed_late = await expiring.remind(at=voucher.valid_until - timedelta(hours=39))
    await Voucher.all().update(state="void", reserved_fen=0)

    assert claimed_late == 0
    assert await expiring.remind(at=voucher.valid_until - timedelta(hours=2)) == 0


async def test_not_where_its_owner_has_asked_for_a_word_at_that_time(database, noon, library):
    voucher = await a_voucher(library, noon)
    occasion = await queries.occasion(voucher.id, voucher.resident_id, noon)
    await reminders.ask(voucher.resident_id, occasion, minutes_before=180, at=noon)

    owed = [await expiring.remind(at=voucher.valid_until - timedelta(hours=hours)) for hours in (48, 3)]

    assert owed == [1, 0]


async def test_many_come_in_several_transactions(database, noon, library, monkeypatch):
    monkeypatch.setattr(expiring, "AT_ONCE", 2)
    drop = await an_open_drop(library, noon)
    for _ in range(5):
        await claiming.claim(drop.id, await a_resident(noon), library, at=noon)

    assert await expiring.remind(at=drop.valid_until - timedelta(hours=47)) == 5
    assert await Notice.filter(kind="voucher_expiry").count() == 5
