"""Photos and signatures at the door over HTTP, and the support desk that looks at them later."""

import io

import pytest

from miniapi.ids import new_id
from miniapi.pickup import crewing
from miniapi.pickup.moves import Move
from miniapi.pickup.photo_routes import LARGEST_PHOTO
from miniapi.staff.models import StaffRole
from tests.factories.people import KEYS, a_resident
from tests.factories.pickups import a_pickup, agreed_to, an_act, moved
from tests.factories.pictures import a_picture
from tests.factories.slots import a_slot
from tests.factories.staff import a_staff


@pytest.fixture
async def owner(database, noon):
    return await a_resident(noon)


@pytest.fixture
async def pickup(owner, member, noon):
    """A booking at whose door the crew stands, with a price that its resident agreed to."""
    slot = await a_slot(noon, hours_ahead=2)
    booked = await a_pickup(noon, slot, owner)
    await moved(booked, member, Move.ACCEPT, Move.SET_OUT, Move.ARRIVE, at=noon)
    await crewing.offer(booked.id, 5000, member, an_act(noon), KEYS, at=noon)
    return await agreed_to(booked, at=noon)


async def test_a_crew_photographs_has_it_signed_and_collects(web, pickup, owner, member, noon):
    path = f"/crew/pickups/{pickup.id}"

    photo = await web.post(f"{path}/photos", by=member.account, raw=a_picture())
    signed = await web.post(f"{path}/signature", by=member.account, raw=a_picture("PNG"))
    done = await web.post(
        f"{path}/collect",
        by=member.account,
        action=str(new_id()),
        done_at=noon.isoformat(),
        weight_grams=30_000,
        price_fen=5000,
        signature=signed.json["id"],
    )
    seen = await web.get(f"/pickups/{pickup.id}/photos", by=owner)
    visit = await web.get(f"/pickups/{pickup.id}/visit", by=owner)

    assert [(one.status, one.json["kind"]) for one in (photo, signed)] == [(201, "taken"), (201, "signature")]
    assert (done.status, done.json["state"]) == (200, "collected")
    assert {one["id"] for one in seen.json["items"]} == {photo.json["id"], signed.json["id"]}
    assert visit.json["history"][-1]["proof"] == "signature"


async def test_the_same_photo_sent_twice_from_a_phone_counts_once(web, pickup, member):
    path, key = f"/crew/pickups/{pickup.id}/photos", {"Idempotency-Key": "photo-1"}

    first, again = [await web.post(path, by=member.account, raw=a_picture(), headers=key) for _ in range(2)]

    assert again.json == first.json
    assert len((await web.get(path, by=member.account)).json["items"]) == 1


async def test_a_photo_of_a_crew_may_be_as_large_as_a_residents(web, pickup, member):
    padded = a_picture() + b"\0" * (LARGEST_PHOTO - len(a_picture()))
    path = f"/crew/pickups/{pickup.id}/photos"

    taken = await web.post(path, by=member.account, raw=io.BytesIO(padded))
    too_large = await web.post(path, by=member.account, raw=io.BytesIO(padded + b"\0"))

    assert (taken.status, too_large.status) == (201, 413)


async def test_a_code_or_a_signature_and_not_both(web, pickup, member, noon):
    async def refusal(**proof):
        answer = await web.post(
            f"/crew/pickups/{pickup.id}/collect",
            by=member.account,
            action=str(new_id()),
            done_at=noon.isoformat(),
            weight_grams=30_000,
            price_fen=5000,
            **proof,
        )
        return answer.status, answer.json["code"]

    assert await refusal() == (422, "invalid_request")
    assert await refusal(code="123456", signature=str(new_id())) == (422, "invalid_request")
    assert await refusal(signature=str(new_id())) == (409, "signature_missing")


async def test_support_opens_a_photo_with_a_reason_that_the_resident_reads(web, pickup, owner, member, noon):
    await web.post(f"/crew/pickups/{pickup.id}/photos", by=member.account, raw=a_picture())
    support = await a_staff(noon, StaffRole.SUPPORT)
    path = f"/staff/pickups/{pickup.number}/photos"

    (photo,) = (await web.get(path, by=support)).json["items"]
    opened = await web.post(f"{path}/{photo['id']}", by=support, reason="居民说收错了东西")
    without = await web.post(f"{path}/{photo['id']}", by=support)
    seen = await web.get("/me/access", by=owner)

    assert (opened.status, opened.headers["Content-Type"]) == (200, "image/jpeg")
    assert opened.raw.startswith(b"\xff\xd8")
    assert without.status == 422
    (looked,) = [one for one in seen.json["items"] if one["role"] == "support"]
    assert (looked["fields"], looked["reason"]) == (["photo"], "居民说收错了东西")


async def test_what_is_no_number_names_no_photos(web, noon):
    support = await a_staff(noon, StaffRole.SUPPORT)

    for number in ("123456789", "%C3%90" * 16, "一二三四五六七八九十"):
        answer = await web.get(f"/staff/pickups/{number}/photos", by=support)
        assert (answer.status, answer.json["code"]) == (404, "not_found")
