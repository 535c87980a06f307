import asyncio
import logging
from datetime import timedelta

import asyncpg
import pytest

from miniapi.accounts.actions import leave
from miniapi.audit.actions import LOCK
from miniapi.audit.models import AuditEvent
from miniapi.drops import lottery, lottery_queries, lottery_rules
from miniapi.drops.models import Drop, Registration
from miniapi.keys import Keys
from miniapi.ledger.errors import NotEnough
from miniapi.ledger.models import Account, AccountName
from miniapi.privacy import actions as privacy
from miniapi.programmes.models import Programme
from miniapi.reminders.models import Notice
from miniapi.reports.audit import differences
from miniapi.vouchers import drawing
from miniapi.vouchers.claiming import claim
from miniapi.vouchers.models import Voucher
from tests.factories.lottery import a_lottery, registered
from tests.factories.people import a_resident
from tests.factories.season import a_drop, a_programme

CUT_OFF = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


async def result(drop):
    """Everybody who took part, in the order of their places."""
    return await lottery_queries.ranked(drop.id).order_by("place")


async def winners(drop):
    return [one.id for one in await result(drop) if one.won]


async def ranked_beforehand(drop, keys):
    """The order that the seed will give."""
    entries = [one.id for one in await lottery_queries.entries(drop.id)]
    return lottery_rules.ranking(keys.unseal(drop.seed_sealed), entries)


class TestDraw:
    async def test_gives_everybody_a_place_and_the_first_ones_a_voucher(self, database, noon, library, keys):
        drop = await a_lottery(library, noon, quota=3)
        await registered(drop, library, noon, people=8)
        order = await ranked_beforehand(drop, keys)

        assert await drawing.draw(drop.id, library, keys, at=drop.draws_at)

        ranked = await result(drop)
        assert [one.id for one in ranked] == order
        assert [one.place for one in ranked] == [*range(1, 9)]
        assert [one.won for one in ranked] == [True] * 3 + [False] * 5
        vouchers = await Voucher.all().order_by("rank")
        assert [one.person_id for one in vouchers] == [one.person_id for one in ranked[:3]]
        assert [one.issued_at for one in vouchers] == [drop.draws_at] * 3
        assert (await Drop.get(id=drop.id)).issued == 3
        assert await differences(database, library) == []

    async def test_tells_the_seed_that_was_committed_to_and_puts_it_on_record(
        self, database, noon, library, keys
    ):
        drop = await a_lottery(library, noon, quota=1)
        await registered(drop, library, noon, people=2)

        await drawing.draw(drop.id, library, keys, at=drop.draws_at)

        drawn = await Drop.get(id=drop.id)
        assert (drawn.seed, drawn.drawn_at) == (keys.unseal(drop.seed_sealed), drop.draws_at)
        assert lottery_rules.commitment(drawn.seed) == drop.seed_commitment
        event = await AuditEvent.get(action="drop.drawn")
        assert all(one in event.after for one in (drawn.seed, drop.seed_commitment, drawn.entries_digest))

    async def test_waits_for_its_time_and_is_done_once(self, database, noon, library, keys):
        drop = await a_lottery(library, noon, quota=2)
        await registered(drop, library, noon, people=3)

        early = await drawing.draw(drop.id, library, keys, at=drop.draws_at - timedelta(microseconds=1))
        fixed = (await Drop.get(id=drop.id)).entries_digest
        outcomes = await asyncio.gather(
            *(drawing.draw(drop.id, library, keys, at=drop.draws_at) for _ in range(4))
        )
        again = await drawing.draw(drop.id, library, keys, at=drop.draws_at + timedelta(seconds=5))

        assert (early, fixed, sorted(outcomes), again) == (False, None, [False] * 3 + [True], False)
        assert await Voucher.all().count() == 2

    async def test_leaves_the_audit_log_to_others_while_it_gives_places(
        self, database, noon, library, keys, monkeypatch
    ):
        drop = await a_lottery(library, noon, quota=2)
        await registered(drop, library, noon, people=3)
        give_places, was_free = drawing._give_places, []

        async def watched(*given):
            await give_places(*given)
            somebody = await asyncpg.connect(database)
            was_free.append(await somebody.fetchval("SELECT pg_try_advisory_lock($1)", LOCK))
            await somebody.close()

        monkeypatch.setattr(drawing, "_give_places", watched)
        await drawing.draw(drop.id, library, keys, at=drop.draws_at)

        assert was_free == [True]

    async def test_with_fewer_people_than_vouchers_everybody_wins(self, database, noon, library, keys):
        drop = await a_lottery(library, noon, quota=100)
        await registered(drop, library, noon, people=3)

        await drawing.draw(drop.id, library, keys, at=drop.draws_at)

        assert len(await winners(drop)) == 3
        assert (await Drop.get(id=drop.id)).remaining == 97

    async def test_with_nobody_tells_the_seed_all_the_same(self, database, noon, library, keys):
        drop = await a_lottery(library, noon)

        assert await drawing.draw(drop.id, library, keys, at=drop.draws_at)

        drawn = await Drop.get(id=drop.id)
        assert drawn.entries_digest == lottery_rules.digest([])
        assert drawn.seed is not None

    async def test_leaves_out_who_withdrew(self, database, noon, library, keys):
        drop = await a_lottery(library, noon, quota=5)
        people = await registered(drop, library, noon, people=3)
        resident, given = next(iter(people.items()))
        await lottery.withdraw(given.id, resident.id, at=noon)

        await drawing.draw(drop.id, library, keys, at=drop.draws_at)

        assert given.id not in [one.id for one in await result(drop)]
        assert not await Voucher.exists(resident_id=resident.id)

    async def test_passes_over_who_has_no_room_left_and_the_next_one_moves_up(
        self, database, noon, library, keys
    ):
        drop = await a_lottery(library, noon, quota=2)
        people = await registered(drop, library, noon, people=4)
        order = await ranked_beforehand(drop, keys)
        full = next(one for one, given in people.items() if given.id == order[0])
        for days in (1, 2, 3):
            earlier = await a_drop(drop.programme, noon - timedelta(days=days))
            await claim(earlier.id, full, library, at=noon)

        await drawing.draw(drop.id, library, keys, at=drop.draws_at)

        assert await winners(drop) == order[1:3]
        assert [one.id for one in await result(drop)] == order
        assert await differences(database, library) == []

    async def test_counts_no_room_that_another_programme_took(self, database, noon, library, keys):
        drop = await a_lottery(library, noon, quota=1)
        ((resident, given),) = (await registered(drop, library, noon, people=1)).items()
        another = await a_programme(library, noon, code="another")
        for days in (1, 2, 3):
            earlier = await a_drop(another, noon - timedelta(days=days))
            await claim(earlier.id, resident, library, at=noon)

        await drawing.draw(drop.id, library, keys, at=drop.draws_at)

        assert await winners(drop) == [given.id]
        assert await differences(database, library) == []

    async def test_counts_no_room_that_a_lapsed_voucher_took(self, database, noon, library, keys):
        drop = await a_lottery(library, noon, quota=1)
        ((resident, given),) = (await registered(drop, library, noon, people=1)).items()
        for days in (1, 2, 3):
            earlier = await a_drop(drop.programme, noon - timedelta(days=days))
            voucher = await claim(earlier.id, resident, library, at=noon)
            await Voucher.filter(id=voucher.id).update(valid_until=noon + timedelta(minutes=1))

        await drawing.draw(drop.id, library, keys, at=drop.draws_at)

        assert await winners(drop) == [given.id]

    async def test_passes_over_who_has_left_meanwhile(self, database, noon, library, keys):
        drop = await a_lottery(library, noon, quota=1)
        people = await registered(drop, library, noon, people=2)
        order = await ranked_beforehand(drop, keys)
        gone = next(one for one, given in people.items() if given.id == order[0])
        await lottery.fix_entries(drop, at=drop.draws_at)
        await lottery.forget_all(gone.id)
        await leave(gone, at=drop.draws_at)

        await drawing.draw(drop.id, library, keys, at=drop.draws_at)

        assert await winners(drop) == [order[1]]
        assert await differences(database, library) == []

    async def test_never_gives_more_than_the_pool_covers(self, database, noon, library, keys):
        drop = await a_lottery(library, noon, quota=5)
        await registered(drop, library, noon, people=5)
        order = await ranked_beforehand(drop, keys)
        pool = Account.filter(name=AccountName.POOL)
        await pool.update(balance=2_500_00)

        await drawing.draw(drop.id, library, keys, at=drop.draws_at)

        assert await winners(drop) == order[:2]
        assert (await pool.get()).balance == 500_00

    async def test_tells_everybody_how_it_went(self, database, noon, library, keys):
        drop = await a_lottery(library, noon, quota=1)
        await registered(drop, library, noon, people=3)

        await drawing.draw(drop.id, library, keys, at=drop.draws_at)

        first, *others = await result(drop)
        told = {one.resident_id: one for one in await Notice.all()}
        assert len(told) == 3
        assert told[first.resident_id].kind == "claimed"
        assert [told[one.resident_id].kind for one in others] == [drawing.RESULT] * 2
        assert "第 2 位" in told[others[0].resident_id].about

    async def test_waits_until_enough_enterprises_take_part(self, database, noon, library, keys):
        drop = await a_lottery(library, noon, quota=1)
        await registered(drop, library, noon, people=2)
        await Programme.filter(id=drop.programme.id).update(opened_because=None)

        early = await drawing.draw(drop.id, library, keys, at=drop.draws_at)
        await Programme.filter(id=drop.programme.id).update(opened_because="够了")
        later = await drawing.draw(drop.id, library, keys, at=drop.draws_at)

        assert (early, later) == (False, True)
        assert await Voucher.all().count() == 1

    async def test_waits_while_frozen_and_then_has_the_same_result(self, database, noon, library, keys):
        drop = await a_lottery(library, noon, quota=2)
        await registered(drop, library, noon, people=5)
        order = await ranked_beforehand(drop, keys)
        await Programme.all().update(claims_frozen_because="核查")

        frozen = await drawing.draw(drop.id, library, keys, at=drop.draws_at)
        seed = (await Drop.get(id=drop.id)).seed
        await Programme.all().update(claims_frozen_because=None)
        later = await drawing.draw(drop.id, library, keys, at=drop.draws_at + timedelta(days=1))

        assert (frozen, seed, later) == (False, None, True)
        assert await winners(drop) == order[:2]

    async def test_after_the_end_of_the_drop_tells_the_places_and_gives_nothing(
        self, database, noon, library, keys
    ):
        drop = await a_lottery(library, noon)
        await registered(drop, library, noon, people=3)
        await Drop.filter(id=drop.id).update(frozen_because="核查")

        assert await drawing.draw(drop.id, library, keys, at=drop.closes_at)

        assert [one.won for one in await result(drop)] == [False] * 3
        assert await Voucher.all().count() == 0
        assert await differences(database, library) == []

    async def test_is_not_done_with_another_seed_or_other_entries_than_published(
        self, database, noon, library, keys
    ):
        drop = await a_lottery(library, noon)
        await registered(drop, library, noon, people=1)
        other_seed, _ = lottery.new_seed(keys)

        await Drop.filter(id=drop.id).update(seed_sealed=other_seed)
        with pytest.raises(drawing.NotAsPublished, match="seed"):
            await drawing.draw(drop.id, library, keys, at=drop.draws_at)
        await Drop.filter(id=drop.id).update(seed_sealed=drop.seed_sealed)
        late = await a_resident(noon)
        await Registration.create(
            drop_id=drop.id, resident_id=late.id, person_id=late.person_id, registered_at=noon
        )
        with pytest.raises(drawing.NotAsPublished, match="entries"):
            await drawing.draw(drop.id, library, keys, at=drop.draws_at)

        assert (await Drop.get(id=drop.id)).drawn_at is None

    async def test_that_breaks_off_has_not_happened(self, database, noon, library, keys):
        drop = await a_lottery(library, noon, quota=2)
        await registered(drop, library, noon, people=4)
        order = await ranked_beforehand(drop, keys)
        await Account.filter(name=AccountName.RESERVED).delete()  # the reserves are among the last steps

        with pytest.raises(NotEnough):
            await drawing.draw(drop.id, library, keys, at=drop.draws_at)
        broken_off = await Drop.get(id=drop.id)
        await Account.create(book="test", name=AccountName.RESERVED)
        await drawing.draw(drop.id, library, keys, at=drop.draws_at)

        assert (broken_off.seed, broken_off.drawn_at, broken_off.issued) == (None, None, 0)
        assert await winners(drop) == order[:2]
        assert await differences(database, library) == []

    async def test_that_is_cut_off_at_any_moment_has_happened_whole_or_not_at_all(
        self, database, noon, library, keys
    ):
        drop = await a_lottery(library, noon, quota=20)
        await registered(drop, library, noon, people=40)
        order = await ranked_beforehand(drop, keys)
        admin, cut_off = await asyncpg.connect(database), 0

        for delay in (0.005, 0.02, 0.04, 0.08, 0.12):
            draw = asyncio.create_task(drawing.draw(drop.id, library, keys, at=drop.draws_at))
            await asyncio.sleep(delay)
            await admin.execute(CUT_OFF)
            (outcome,) = await asyncio.gather(draw, return_exceptions=True)
            cut_off += isinstance(outcome, Exception)
            drawn = await admin.fetchval('SELECT drawn_at IS NOT NULL FROM "drop"')
            assert await admin.fetchval("SELECT count(*) FROM voucher") == (20 if drawn else 0)
            assert await admin.fetchval("SELECT count(place) FROM registration") == (40 if drawn else 0)
        await admin.close()
        await drawing.draw(drop.id, library, keys, at=drop.draws_at)

        assert cut_off > 0
        assert await winners(drop) == order[:20]
        assert await differences(database, library) == []

    async def test_meets_who_leaves_at_the_same_moment_in_either_order(self, database, noon, library, keys):
        drop = await a_lottery(library, noon, quota=30)
        people = await registered(drop, library, noon, people=12)

        async def go(resident):
            await privacy.leave(resident.id, at=drop.draws_at)

        await asyncio.gather(
            *(go(one) for one in list(people)[:6]), drawing.draw(drop.id, library, keys, at=drop.draws_at)
        )

        stayed = {given.id for given in list(people.values())[6:]}
        assert stayed <= set(await winners(drop))
        assert await differences(database, library) == []


class TestDrawDue:
    async def test_draws_what_was_missed_in_its_order(self, database, noon, library, keys):
        late = await a_lottery(library, noon)
        early = await a_lottery(library, noon - timedelta(hours=1), programme=late.programme)
        to_come = await a_lottery(library, noon + timedelta(days=3), programme=late.programme)

        drawn = await drawing.draw_due(library, keys, at=noon + timedelta(days=2))
        again = await drawing.draw_due(library, keys, at=noon + timedelta(days=2))

        assert [one.id for one in drawn] == [early.id, late.id]
        assert again == []
        assert (await Drop.get(id=to_come.id)).drawn_at is None

    async def test_one_whose_entrant_somebody_holds_stops_no_other(self, database, noon, library, keys):
        first = await a_lottery(library, noon, quota=2)
        (entrant, *_) = await registered(first, library, noon, people=2)
        programme = await first.programme
        second = await a_lottery(library, noon - timedelta(minutes=1), quota=2, programme=programme)
        await registered(second, library, noon, people=2)
        await Drop.filter(id=second.id).update(draws_at=first.draws_at + timedelta(seconds=1))
        other = await asyncpg.connect(database)

        async with other.transaction():
            await other.execute("SELECT FROM resident WHERE id = $1 FOR UPDATE", entrant.id)
            with pytest.raises(asyncpg.LockNotAvailableError):
                await drawing.draw_due(library, keys, at=first.draws_at + timedelta(seconds=2))

        await other.close()
        assert (await Drop.get(id=first.id)).drawn_at is None
        assert (await Drop.get(id=second.id)).drawn_at is not None

    async def test_one_that_cannot_be_drawn_stops_no_other(self, database, noon, library, keys, caplog):
        bad = await a_lottery(library, noon - timedelta(hours=1))
        good = await a_lottery(library, noon, programme=bad.programme)
        sealed_elsewhere = Keys("the secret of another installation altogether").seal("0" * 64)
        await Drop.filter(id=bad.id).update(seed_sealed=sealed_elsewhere)

        with caplog.at_level(logging.ERROR):
            drawn = await drawing.draw_due(library, keys, at=noon + timedelta(days=1))

        assert [one.id for one in drawn] == [good.id]
        assert f"the drop {bad.id} cannot be drawn" in caplog.text

    async def test_without_the_key_says_what_is_missing_only_when_something_is_due(
        self, database, noon, library
    ):
        drop = await a_lottery(library, noon)

        assert await drawing.draw_due(library, None, at=noon) == []
        with pytest.raises(drawing.SeedsSealed):
            await drawing.draw_due(library, None, at=drop.draws_at)
