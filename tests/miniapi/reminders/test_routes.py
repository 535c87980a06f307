from dataclasses import replace
from datetime import timedelta

from miniapi.drops.models import Drop
from miniapi.ids import new_id
from miniapi.pickup.models import Pickup, PickupState
from miniapi.reminders import actions
from miniapi.reminders.models import Grant, Notice, NoticeState
from tests.factories.people import a_resident
from tests.factories.pickups import a_pickup
from tests.factories.season import a_drop, a_programme
from tests.factories.slots import a_slot
from tests.web import serving


async def a_later_drop(library, noon):
    return await a_drop(await a_programme(library, noon), noon + timedelta(hours=1))


class TestAsk:
    async def test_answers_with_what_was_asked_for(self, web, noon, library):
        drop, resident = await a_later_drop(library, noon), await a_resident(noon)

        answer = await web.post("/reminders", by=resident, kind="drop", drop=str(drop.id))

        assert answer.status == 201
        assert answer.json == {
            "id": answer.json["id"],
            "kind": "drop",
            "subject": str(drop.id),
            "about": answer.json["about"],
            "at": "2024-09-01T12:50:00+08:00",
            "delivery": "inbox",
            "state": "planned",
            "because": None,
        }
        assert (await web.get("/reminders", by=resident)).json["items"] == [answer.json]

    async def test_says_while_its_drop_is_frozen_that_it_does_not_come_and_why(self, web, noon, library):
        drop, resident = await a_later_drop(library, noon), await a_resident(noon)
        await Drop.filter(id=drop.id).update(frozen_because="等待公告调整")

        asked = await web.post("/reminders", by=resident, kind="drop", drop=str(drop.id))
        frozen = await web.get("/reminders", by=resident)
        await Drop.filter(id=drop.id).update(frozen_because=None)
        goes_on = await web.get("/reminders", by=resident)

        assert (asked.json["state"], asked.json["because"]) == ("paused", "等待公告调整")
        assert frozen.json["items"] == [asked.json]
        assert goes_on.json["items"] == [asked.json | {"state": "planned", "because": None}]

    async def test_of_a_visit_that_is_over_is_listed_all_the_same(self, web, noon):
        pickup = await a_pickup(noon, await a_slot(noon))
        ask = {"kind": "pickup", "pickup": str(pickup.id), "minutes_before": 60}
        await web.post("/reminders", by=await pickup.resident, **ask)
        await Pickup.filter(id=pickup.id).update(state=PickupState.MISSED_BY_CREW)

        listed = await web.get("/reminders", by=await pickup.resident)

        assert [one["state"] for one in listed.json["items"]] == ["planned"]

    async def test_a_consent_pays_for_one_reminder(self, web, noon, library):
        drop, resident = await a_later_drop(library, noon), await a_resident(noon)
        await actions.note_templates({"drop": "t"})
        await actions.add_grants(resident.id, ["t"])

        ways = [
            (
                await web.post(
                    "/reminders", by=resident, kind="drop", drop=str(drop.id), minutes_before=minutes
                )
            ).json["delivery"]
            for minutes in (30, 20)
        ]

        assert ways == ["wechat", "inbox"]

    async def test_is_about_pickups_and_vouchers_too(self, web, noon, library):
        resident, slot = await a_resident(noon), await a_slot(noon)
        drop = await a_drop(await a_programme(library, noon), noon)
        voucher = (await web.post(f"/drops/{drop.id}/claims", by=resident)).json["voucher"]["id"]
        address = {"district": slot.district, "street": "示例路 8 号"}
        booking = {"slot": str(slot.id), "items": [{"category": "tv"}], "address": address}
        pickup = (await web.post("/pickups", by=resident, **booking)).json["id"]

        for kind, field, subject in (
            ("pickup", "pickup", pickup),
            ("voucher_expiry", "voucher", voucher),
        ):
            answer = await web.post(
                "/reminders", by=resident, kind=kind, minutes_before=60, **{field: subject}
            )
            assert (answer.status, answer.json["kind"], answer.json["subject"]) == (201, kind, subject)
            theirs = await web.post("/reminders", by=await a_resident(noon), kind=kind, **{field: subject})
            assert (theirs.status, theirs.json["code"]) == (404, "not_found")

    async def test_refusals_have_their_statuses(self, web, noon, library):
        drop, resident = await a_later_drop(library, noon), await a_resident(noon)
        ask = {"kind": "drop", "drop": str(drop.id)}

        async def refusal(**body):
            answer = await web.post("/reminders", by=resident, **body)
            return answer.status, answer.json["code"]

        assert await refusal(**ask, minutes_before=60) == (422, "too_late")
        assert await refusal(kind="drop", drop=str(new_id())) == (404, "not_found")
        for wrong in (
            {"kind": "drop"},
            {"kind": "pickup", "drop": str(drop.id)},
            {**ask, "pickup": str(new_id())},
            {"kind": "birthday", "drop": str(drop.id)},
            {**ask, "minutes_before": 0},
            {**ask, "minutes_before": 10_081},
            {**ask, "template_ids": "t"},
            {**ask, "minutes_before": 10, "evening_before": True},
        ):
            assert await refusal(**wrong) == (422, "invalid_request")

    async def test_the_pages_word_counts_only_where_nothing_is_pushed(
        self, web_and_wechat, database, noon, library, matcher, keys, settings, sandbox
    ):
        drop, resident = await a_later_drop(library, noon), await a_resident(noon)
        ask = {"kind": "drop", "drop": str(drop.id), "template_ids": [await sandbox.template_id("drop"), "x"]}

        with_push = await web_and_wechat.post("/reminders", by=resident, **ask)
        silent = replace(settings, wechat=replace(sandbox.wechat, push_token=None))
        async with serving(silent, library, matcher, keys) as web:
            without = await web.post("/reminders", by=resident, **ask, minutes_before=20)

        assert (with_push.json["delivery"], without.json["delivery"]) == ("inbox", "wechat")
        assert (await Grant.get()).remaining == 1

    async def test_comes_in_the_evening_before_too(self, web, noon, library):
        drop = await a_drop(await a_programme(library, noon), noon + timedelta(days=1, hours=-2))

        answer = await web.post(
            "/reminders", by=await a_resident(noon), kind="drop", drop=str(drop.id), evening_before=True
        )

        assert (answer.status, answer.json["at"]) == (201, "2024-09-01T20:00:00+08:00")


class TestTemplates:
    async def test_are_what_a_page_should_ask_for_at_this_moment(
        self, web_and_wechat, sandbox, noon, library
    ):
        drop, resident = await a_later_drop(library, noon), await a_resident(noon)
        ask = {"kind": "drop", "drop": str(drop.id)}
        await web_and_wechat.post("/reminders", by=resident, **ask)

        answer = await web_and_wechat.get("/reminders/templates?moment=pickup", by=resident)

        assert answer.json == {
            "items": [
                {
                    "template_id": await sandbox.template_id(kind),
                    "kind": kind,
                    "title": title,
                    "owed": owed,
                    "allowed": 0,
                }
                for kind, title, owed in (("drop", "活动开始提醒", 1), ("pickup", "上门回收提醒", 0))
            ]
        }

    async def test_are_unknown_while_nobody_could_ask_wechat(self, web, noon):
        answer = await web.get("/reminders/templates", by=await a_resident(noon))

        assert (answer.status, answer.json["code"]) == (503, "wechat_unavailable")


class TestCancel:
    async def test_takes_it_off_the_list(self, web, noon, library):
        drop, resident = await a_later_drop(library, noon), await a_resident(noon)
        ask = {"kind": "drop", "drop": str(drop.id)}
        reminder = (await web.post("/reminders", by=resident, **ask)).json["id"]

        answers = [await web.delete(f"/reminders/{reminder}", by=resident) for _ in range(2)]

        assert [(one.status, one.raw) for one in answers] == [(204, b"")] * 2
        assert (await web.get("/reminders", by=resident)).json["items"] == []

    async def test_somebody_elses_is_not_found(self, web, noon, library):
        drop, stranger = await a_later_drop(library, noon), await a_resident(noon)
        ask = {"kind": "drop", "drop": str(drop.id)}
        reminder = (await web.post("/reminders", by=await a_resident(noon), **ask)).json["id"]

        answer = await web.delete(f"/reminders/{reminder}", by=stranger)

        assert (answer.status, answer.json["code"]) == (404, "not_found")
        assert (await Notice.get(id=reminder)).state is NoticeState.OWED
        assert (await web.get("/reminders", by=stranger)).json["items"] == []


async def test_the_inbox_holds_what_could_not_be_sent(web, noon, library):
    drop, resident = await a_later_drop(library, noon), await a_resident(noon)
    reminder = (await web.post("/reminders", by=resident, kind="drop", drop=str(drop.id))).json
    await Notice.all().update(state=NoticeState.INBOX, outcome="no_grant", done_at=noon)

    mine = await web.get("/inbox", by=resident)
    theirs = await web.get("/inbox", by=await a_resident(noon))

    (notice,) = mine.json["items"]
    assert (notice["id"], notice["at"], notice["subject"]) == (reminder["id"], reminder["at"], str(drop.id))
    assert notice["fields"]["time2"] == "2024年09月01日 13:00"
    assert theirs.json == {"items": [], "next_cursor": None}
