from datetime import timedelta

from miniapi.reminders import actions
from miniapi.reminders.models import Notice, NoticeState
from miniapi.staff.models import StaffRole
from tests.factories.people import a_resident
from tests.factories.reminding import an_occasion
from tests.factories.staff import a_staff


async def test_the_staff_see_every_outcome_and_nobodys_name(web, noon):
    resident, officer = await a_resident(noon), await a_staff(noon, StaffRole.SUPPORT)
    drop, pickup = (an_occasion(noon + timedelta(hours=1), kind) for kind in ("drop", "pickup"))
    for occasion in (drop, pickup):
        await actions.ask(resident.id, occasion, minutes_before=10, at=noon)
    ended = {"state": NoticeState.UNKNOWN, "outcome": "unknown", "attempts": 1, "done_at": noon}
    await Notice.filter(kind="drop").update(**ended)

    unknown = await web.get("/staff/notices?outcome=unknown", by=officer)
    about = await web.get(f"/staff/notices?subject={pickup.subject}&state=owed&kind=pickup", by=officer)
    wrong = await web.get("/staff/notices?state=lost", by=officer)

    (seen,) = unknown.json["items"]
    assert seen == {
        "id": seen["id"],
        "kind": "drop",
        "subject": str(drop.subject),
        "state": "unknown",
        "outcome": "unknown",
        "asked_for": True,
        "attempts": 1,
        "due_at": "2024-09-01T12:50:00+08:00",
        "created_at": "2024-09-01T12:00:00+08:00",
        "done_at": "2024-09-01T12:00:00+08:00",
    }
    assert [one["subject"] for one in about.json["items"]] == [str(pickup.subject)]
    assert (wrong.status, wrong.json["code"]) == (422, "invalid_request")
