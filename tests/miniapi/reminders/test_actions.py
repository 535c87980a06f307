from datetime import timedelta

import pytest

from miniapi.errors import NotSignedIn
from miniapi.reminders import actions, queries
from miniapi.reminders.errors import TooLate
from miniapi.reminders.models import Grant, MessageTemplate, Notice, NoticeState
from tests.factories.people import a_resident
from tests.factories.reminding import an_occasion


class TestAsk:
    async def test_the_past_is_refused(self, database, noon):
        resident = await a_resident(noon)

        with pytest.raises(TooLate):
            await actions.ask(
                resident.id, an_occasion(noon + timedelta(minutes=10)), minutes_before=10, at=noon
            )

    async def test_twice_owes_one_reminder_and_a_cancelled_one_comes_back(self, database, noon):
        resident, occasion = await a_resident(noon), an_occasion(noon + timedelta(minutes=10))

        first = await actions.ask(resident.id, occasion, minutes_before=5, at=noon)
        await actions.cancel(first.id, resident.id, at=noon)
        again = await actions.ask(resident.id, occasion, minutes_before=5, at=noon)

        assert (again.id, again.state, again.called_off_at) == (first.id, NoticeState.OWED, None)
        assert await Notice.all().count() == 1


class TestPutElsewhen:
    async def test_what_was_asked_for_is_as_long_before_the_new_time(self, database, noon):
        resident, occasion = await a_resident(noon), an_occasion(noon + timedelta(hours=4), "pickup")
        for minutes in (60, 200):
            await actions.ask(resident.id, occasion, minutes_before=minutes, at=noon)
        await actions.owe(resident.id, occasion, key="k", at=noon)
        new = an_occasion(noon + timedelta(hours=3), "pickup")
        new = type(new)(new.kind, occasion.subject, new.at, new.about, new.fields)

        await actions.put_elsewhen(new, was_at=occasion.at, at=noon)

        owed = await Notice.filter(state=NoticeState.OWED)
        assert [(one.asked_for, one.due_at) for one in owed] == [(True, noon + timedelta(hours=2))]
        assert await Notice.filter(state=NoticeState.CANCELLED).count() == 3

    async def test_there_and_back_owes_the_first_again(self, database, noon):
        resident, first = await a_resident(noon), an_occasion(noon + timedelta(hours=4), "pickup")
        asked = await actions.ask(resident.id, first, minutes_before=60, at=noon)
        second = type(first)(first.kind, first.subject, noon + timedelta(days=1), first.about, first.fields)

        await actions.put_elsewhen(second, was_at=first.at, at=noon)
        await actions.put_elsewhen(first, was_at=second.at, at=noon)

        assert [one.id for one in await Notice.filter(state=NoticeState.OWED)] == [asked.id]


class TestGrants:
    async def test_a_push_that_comes_three_times_counts_once(self, database, noon):
        resident = await a_resident(noon)

        for _ in range(3):
            await actions.take_in_grants(
                resident.openid, [("t", "accept")], turned_off=False, dedupe_key="push", at=noon
            )

        assert (await Grant.get(resident_id=resident.id)).remaining == 1

    async def test_turning_messages_off_takes_all_consents_back(self, database, noon):
        resident = await a_resident(noon)
        await actions.add_grants(resident.id, ["t", "t", "other"])

        await actions.take_in_grants(
            resident.openid, [("t", "reject")], turned_off=True, dedupe_key="push", at=noon
        )

        left = {one.template_id: one.remaining for one in await Grant.filter(resident_id=resident.id)}
        assert left == {"t": 0, "other": 1}

    async def test_nobody_who_has_left_is_given_any(self, database, noon):
        resident = await a_resident(noon, verified=False)
        resident.left_at, resident.openid = noon, None
        await resident.save()

        with pytest.raises(NotSignedIn):
            await actions.add_grants(resident.id, ["t"])

    async def test_those_counted_by_kind_are_of_its_template_when_it_is_known(self, database, noon):
        one, other = await a_resident(noon), await a_resident(noon)
        await actions.add_grants(one.id, ["drop", "t"])
        await actions.add_grants(other.id, ["drop", "pickup"])

        await actions.note_templates({"drop": "t"})

        counted = await Grant.all().values_list("resident_id", "template_id", "remaining")
        assert sorted(counted) == sorted([(one.id, "t", 2), (other.id, "t", 1), (other.id, "pickup", 1)])

    async def test_another_template_of_a_kind_takes_its_place(self, database, noon):
        await actions.note_templates({"drop": "t"})
        await actions.note_templates({"drop": "u"})

        assert [(one.kind, one.template_id) for one in await MessageTemplate.all()] == [("drop", "u")]


class TestLacking:
    async def test_is_what_is_owed_and_not_allowed_and_then_what_comes_next(self, database, noon):
        resident = await a_resident(noon)
        await actions.note_templates({"drop": "d", "pickup": "p", "claimed": "c", "voucher_expiry": "v"})
        await actions.add_grants(resident.id, ["c", "v"])
        for kind, hours in (("pickup", 2), ("drop", 1)):
            occasion = an_occasion(noon + timedelta(hours=hours), kind)
            await actions.ask(resident.id, occasion, minutes_before=5, at=noon)

        nothing_else = await queries.lacking(resident.id, None)
        claiming = await queries.lacking(resident.id, "claim")
        await actions.add_grants(resident.id, ["d"])
        a_drop = await queries.lacking(resident.id, "drop")

        assert [one.kind for one in nothing_else] == ["drop", "pickup"]
        assert [one.kind for one in claiming] == ["drop", "pickup"]
        assert [(one.kind, one.owed, one.allowed) for one in a_drop] == [("pickup", 1, 0), ("drop", 1, 1)]
