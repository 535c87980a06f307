import asyncio
from datetime import timedelta

import pytest

from miniapi.accounts.errors import IdentityRequired
from miniapi.accounts.models import Resident
from miniapi.audit.models import AuditEvent
from miniapi.drops import lottery, lottery_queries, lottery_rules
from miniapi.drops.errors import (
    EntriesFixed,
    NoSuchDrop,
    NoSuchRegistration,
    NotByLot,
    RegistrationNotOpen,
)
from miniapi.drops.models import Drop, Registration
from miniapi.ids import new_id
from miniapi.programmes.models import Programme
from tests.factories.lottery import a_lottery, registered
from tests.factories.people import a_resident
from tests.factories.season import an_open_drop


@pytest.fixture
async def drop(database, noon, library):
    return await a_lottery(library, noon)


async def taking_part(drop):
    return {one.id for one in await lottery_queries.entries(drop.id)}


class TestNewSeed:
    def test_is_sealed_and_committed_to(self, keys):
        sealed, commitment = lottery.new_seed(keys)

        assert len(bytes.fromhex(keys.unseal(sealed))) == lottery.SEED_BYTES
        assert lottery_rules.commitment(keys.unseal(sealed)) == commitment

    def test_is_never_the_same(self, keys):
        assert lottery.new_seed(keys)[1] != lottery.new_seed(keys)[1]


class TestRegister:
    async def test_takes_part(self, drop, noon, library):
        resident = await a_resident(noon)

        given = await lottery.register(drop.id, resident, library, at=noon)

        assert (given.resident_id, given.person_id) == (resident.id, resident.person_id)
        assert (given.registered_at, given.place, given.won) == (noon, None, None)
        assert await taking_part(drop) == {given.id}

    async def test_again_is_the_same_registration(self, drop, noon, library):
        resident = await a_resident(noon)

        first = await lottery.register(drop.id, resident, library, at=noon)
        again = await lottery.register(drop.id, resident, library, at=noon + timedelta(minutes=1))

        assert (again.id, again.registered_at) == (first.id, noon)

    async def test_of_one_person_many_times_at_once_is_one(self, drop, noon, library):
        resident = await a_resident(noon)

        given = await asyncio.gather(
            *(lottery.register(drop.id, resident, library, at=noon) for _ in range(8))
        )

        assert len({one.id for one in given}) == 1
        assert await Registration.all().count() == 1

    async def test_needs_a_verified_person(self, drop, noon, library):
        with pytest.raises(IdentityRequired):
            await lottery.register(drop.id, await a_resident(noon, verified=False), library, at=noon)

    async def test_needs_a_drop_that_is_drawn_by_lot(self, database, noon, library):
        first_come, resident = await an_open_drop(library, noon), await a_resident(noon)

        with pytest.raises(NotByLot):
            await lottery.register(first_come.id, resident, library, at=noon)
        with pytest.raises(NoSuchDrop):
            await lottery.register(new_id(), resident, library, at=noon)

    async def test_is_possible_from_the_opening_until_the_draw(self, drop, noon, library):
        residents = [await a_resident(noon) for _ in range(2)]
        moment = timedelta(microseconds=1)

        with pytest.raises(RegistrationNotOpen, match="开始"):
            await lottery.register(drop.id, residents[0], library, at=drop.opens_at - moment)
        await lottery.register(drop.id, residents[0], library, at=drop.opens_at)
        await lottery.register(drop.id, residents[1], library, at=drop.draws_at - moment)
        with pytest.raises(EntriesFixed):
            await lottery.register(drop.id, residents[1], library, at=drop.draws_at)

        assert len(await taking_part(drop)) == 2

    async def test_stops_while_the_drop_or_its_programme_is_frozen(self, drop, noon, library):
        resident = await a_resident(noon)

        await Drop.filter(id=drop.id).update(frozen_because="核查名单")
        with pytest.raises(RegistrationNotOpen, match="核查名单"):
            await lottery.register(drop.id, resident, library, at=noon)
        await Drop.filter(id=drop.id).update(frozen_because=None)
        await Programme.filter(id=drop.programme_id).update(claims_frozen_because="核查资金")
        with pytest.raises(RegistrationNotOpen, match="核查资金"):
            await lottery.register(drop.id, resident, library, at=noon)

        assert await taking_part(drop) == set()

    async def test_is_refused_once_the_entries_are_fixed_however_early_it_was_asked(
        self, drop, noon, library
    ):
        await lottery.fix_entries(drop, at=drop.draws_at)

        with pytest.raises(EntriesFixed):
            await lottery.register(drop.id, await a_resident(noon), library, at=noon)


class TestWithdraw:
    async def test_takes_part_no_more_and_may_come_back(self, drop, noon, library):
        ((resident, given),) = (await registered(drop, library, noon, people=1)).items()

        await lottery.withdraw(given.id, resident.id, at=noon)
        gone = await taking_part(drop)
        later = noon + timedelta(minutes=1)
        back = await lottery.register(drop.id, resident, library, at=later)

        assert gone == set()
        assert (back.id, back.registered_at) == (given.id, later)
        assert await taking_part(drop) == {given.id}

    async def test_is_for_its_owner_alone(self, drop, noon, library):
        (given,) = (await registered(drop, library, noon, people=1)).values()

        with pytest.raises(NoSuchRegistration):
            await lottery.withdraw(given.id, (await a_resident(noon)).id, at=noon)

        assert await taking_part(drop) == {given.id}

    async def test_is_too_late_from_the_draw_on_and_when_the_entries_are_fixed(self, drop, noon, library):
        ((resident, given),) = (await registered(drop, library, noon, people=1)).items()

        with pytest.raises(EntriesFixed):
            await lottery.withdraw(given.id, resident.id, at=drop.draws_at)
        await lottery.fix_entries(drop, at=drop.draws_at)
        with pytest.raises(EntriesFixed):
            await lottery.withdraw(given.id, resident.id, at=noon)

        assert await taking_part(drop) == {given.id}


class TestFixEntries:
    async def test_publishes_once_who_takes_part_and_puts_it_on_record(self, drop, noon, library):
        people = await registered(drop, library, noon, people=3)
        (resident, withdrawn), *others = people.items()
        await lottery.withdraw(withdrawn.id, resident.id, at=noon)

        await asyncio.gather(*(lottery.fix_entries(drop, at=drop.draws_at) for _ in range(3)))

        fixed, event = await Drop.get(id=drop.id), await AuditEvent.get(action="drop.entries_fixed")
        assert fixed.entries_digest == lottery_rules.digest(given.id for _, given in others)
        assert fixed.entries_digest in event.after
        assert (event.actor, event.action) == (lottery.DRAWER, "drop.entries_fixed")
        assert (fixed.seed, fixed.drawn_at) == (None, None)

    async def test_counts_everybody_who_was_let_in_whoever_was_faster(self, drop, noon, library):
        residents = [await a_resident(noon) for _ in range(24)]

        outcomes = await asyncio.gather(
            *(lottery.register(drop.id, one, library, at=noon) for one in residents[:12]),
            lottery.fix_entries(drop, at=drop.draws_at),
            *(lottery.register(drop.id, one, library, at=noon) for one in residents[12:]),
            return_exceptions=True,
        )

        let_in = [one.id for one in outcomes if isinstance(one, Registration)]
        refused = [one for one in outcomes if isinstance(one, EntriesFixed)]
        assert len(let_in) + len(refused) == 24
        assert (await Drop.get(id=drop.id)).entries_digest == lottery_rules.digest(let_in)


class TestMoveAll:
    async def test_a_person_takes_part_from_the_other_account(self, drop, noon, library):
        ((resident, given),) = (await registered(drop, library, noon, people=1)).items()
        target = await a_resident(noon, verified=False)

        moved = await lottery.move_all(resident.person_id, resident.id, target.id)

        assert moved == [given.id]
        assert (await lottery_queries.registration(given.id, target.id)).person_id == resident.person_id


class TestForgetAll:
    async def test_before_the_entries_are_fixed_nothing_is_left(self, drop, noon, library):
        people = await registered(drop, library, noon, people=2)
        (resident, _), (_, other) = people.items()

        forgotten = await lottery.forget_all(resident.id)

        assert forgotten == 1
        assert {one.id for one in await Registration.all()} == {other.id}

    async def test_afterwards_the_entry_stays_as_nobodys(self, drop, noon, library):
        ((resident, given),) = (await registered(drop, library, noon, people=1)).items()
        await lottery.fix_entries(drop, at=drop.draws_at)

        forgotten = await lottery.forget_all(resident.id)

        kept = await Registration.get()
        assert (forgotten, kept.id, kept.person_id) == (1, given.id, None)

    async def test_what_was_withdrawn_is_gone_at_any_time(self, drop, noon, library):
        ((resident, given),) = (await registered(drop, library, noon, people=1)).items()
        await lottery.withdraw(given.id, resident.id, at=noon)
        await lottery.fix_entries(drop, at=drop.draws_at)

        assert await lottery.forget_all(resident.id) == 0
        assert not await Registration.exists()

    async def test_whoever_comes_back_may_register_anew(self, drop, noon, library):
        ((resident, _),) = (await registered(drop, library, noon, people=1)).items()
        await lottery.forget_all(resident.id)
        again = await a_resident(noon, verified=False)
        sealed = {"name_sealed": resident.name_sealed, "id_number_sealed": resident.id_number_sealed}
        person = resident.person_id
        await Resident.filter(id=resident.id).update(person_id=None, name_sealed=None, id_number_sealed=None)
        await Resident.filter(id=again.id).update(person_id=person, **sealed)

        given = await lottery.register(drop.id, await Resident.get(id=again.id), library, at=noon)

        assert await taking_part(drop) == {given.id}
