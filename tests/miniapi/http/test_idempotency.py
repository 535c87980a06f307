import asyncio
import gc
from datetime import timedelta

import asyncpg
import pytest

from miniapi import clock
from miniapi.http.models import KeptAnswer
from miniapi.pickup.models import Pickup
from tests.factories.people import a_resident
from tests.factories.season import an_open_drop
from tests.factories.slots import a_slot

KEY = {"Idempotency-Key": "k-1"}


def a_booking(slot, street="示例路 8 号"):
    return {
        "slot": str(slot.id),
        "items": [{"category": "fridge"}],
        "address": {"district": slot.district, "street": street},
    }


async def test_the_same_key_gets_the_first_answer_again(web, noon):
    resident, slot = await a_resident(noon), await a_slot(noon)

    answers = [await web.post("/pickups", by=resident, headers=KEY, **a_booking(slot)) for _ in range(3)]

    assert [answer.status for answer in answers] == [201] * 3
    assert {answer.raw for answer in answers} == {answers[0].raw}
    assert await Pickup.all().count() == 1


async def test_another_body_under_the_same_key_is_a_mismatch(web, noon):
    resident, slot = await a_resident(noon), await a_slot(noon)
    await web.post("/pickups", by=resident, headers=KEY, **a_booking(slot))

    answer = await web.post("/pickups", by=resident, headers=KEY, **a_booking(slot, street="别的路 1 号"))

    assert (answer.status, answer.json["code"]) == (422, "idempotency_mismatch")


async def test_another_caller_and_another_route_have_keys_of_their_own(web, noon, library):
    slot, drop = await a_slot(noon), await an_open_drop(library, noon)
    alice, bob = await a_resident(noon), await a_resident(noon)

    statuses = [
        (await web.post("/pickups", by=alice, headers=KEY, **a_booking(slot))).status,
        (await web.post("/pickups", by=bob, headers=KEY, **a_booking(slot))).status,
        (await web.post(f"/drops/{drop.id}/claims", by=alice, headers=KEY)).status,
    ]

    assert statuses == [201] * 3
    assert await Pickup.all().count() == 2


async def test_a_crowd_of_repeats_does_it_once(web, noon, library):
    drop, resident = await an_open_drop(library, noon), await a_resident(noon)

    answers = await asyncio.gather(
        *(web.post(f"/drops/{drop.id}/claims", by=resident, headers=KEY) for _ in range(8))
    )

    codes = {answer.json.get("code", answer.status) for answer in answers}
    assert 201 in codes
    assert codes <= {201, "request_in_progress"}
    assert len({answer.json["voucher"]["id"] for answer in answers if answer.status == 201}) == 1


async def test_a_repeat_while_it_runs_is_told_so(web, noon, library, database):
    drop, resident = await an_open_drop(library, noon), await a_resident(noon)
    blocker = await asyncpg.connect(database)
    async with blocker.transaction():
        await blocker.execute("LOCK TABLE voucher")
        first = asyncio.create_task(web.post(f"/drops/{drop.id}/claims", by=resident, headers=KEY))
        await asyncio.sleep(0.3)

        answer = await web.post(f"/drops/{drop.id}/claims", by=resident, headers=KEY)
    await blocker.close()

    assert (answer.status, answer.json["code"]) == (409, "request_in_progress")
    assert (await first).status == 201


async def test_who_hangs_up_finds_the_answer_later(web, noon, library, database):
    drop, resident = await an_open_drop(library, noon), await a_resident(noon)
    blocker = await asyncpg.connect(database)
    async with blocker.transaction():
        await blocker.execute("LOCK TABLE voucher")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await web.post(f"/drops/{drop.id}/claims", by=resident, headers=KEY)
    await blocker.close()
    await asyncio.sleep(0.2)

    answer = await web.post(f"/drops/{drop.id}/claims", by=resident, headers=KEY)

    assert (answer.status, answer.json["rank"]) == (201, 1)


async def test_a_plain_no_that_nobody_waits_for_is_no_error(web, noon, database, caplog):
    resident, slot = await a_resident(noon), await a_slot(noon)
    blocker = await asyncpg.connect(database)
    async with blocker.transaction():
        await blocker.execute("UPDATE slot SET taken = capacity")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await web.post("/pickups", by=resident, headers=KEY, **a_booking(slot))
        await asyncio.sleep(0.1)
    await blocker.close()
    await asyncio.sleep(0.3)

    gc.collect()

    assert [line.getMessage() for line in caplog.records if line.levelname == "ERROR"] == []


async def test_a_refusal_is_not_kept(web, noon, library):
    drop, resident = await an_open_drop(library, noon), await a_resident(noon)
    clock.stand_still(drop.opens_at - timedelta(seconds=1))
    early = await web.post(f"/drops/{drop.id}/claims", by=resident, headers=KEY)
    clock.stand_still(drop.opens_at)

    answer = await web.post(f"/drops/{drop.id}/claims", by=resident, headers=KEY)

    assert (early.status, early.json["code"]) == (409, "drop_not_open")
    assert answer.status == 201


async def test_an_answer_is_kept_for_a_day(web, noon):
    resident, slot = await a_resident(noon), await a_slot(noon, hours_ahead=72)
    booked = await web.post("/pickups", by=resident, headers=KEY, **a_booking(slot))
    clock.stand_still(noon + timedelta(hours=24) - timedelta(microseconds=1))
    kept = await web.post("/pickups", by=resident, headers=KEY, **a_booking(slot))
    clock.stand_still(noon + timedelta(hours=24))

    forgotten = await web.post("/pickups", by=resident, headers=KEY, **a_booking(slot))

    assert (kept.status, kept.json["id"]) == (201, booked.json["id"])
    assert (forgotten.status, forgotten.json["code"]) == (409, "already_booked")


async def test_an_answer_that_cannot_be_kept_undoes_what_it_tells_of(web, noon, database):
    resident, slot = await a_resident(noon), await a_slot(noon)
    owner = await asyncpg.connect(database)
    await owner.execute("ALTER TABLE kept_answer ADD CONSTRAINT full_disk CHECK (status <> 201)")

    failed = await web.post("/pickups", by=resident, headers=KEY, **a_booking(slot))
    booked = await Pickup.all().count()
    await owner.execute("ALTER TABLE kept_answer DROP CONSTRAINT full_disk")
    await owner.close()
    again = await web.post("/pickups", by=resident, headers=KEY, **a_booking(slot))

    assert (failed.status, booked, again.status) == (500, 0, 201)


@pytest.mark.parametrize("key", ["", "a b", "键", "k" * 65])
async def test_a_key_that_cannot_be_is_refused(web, noon, library, key):
    drop, resident = await an_open_drop(library, noon), await a_resident(noon)

    answer = await web.post(f"/drops/{drop.id}/claims", by=resident, headers={"Idempotency-Key": key})

    assert (answer.status, answer.json["code"]) == (422, "invalid_request")
    assert [one["field"] for one in answer.json["errors"]] == ["Idempotency-Key"]


async def test_without_a_caller_a_key_means_nothing(web):
    answers = [await web.post("/chat", headers=KEY, text=text) for text in ("你好", "谢谢")]

    assert [answer.status for answer in answers] == [200, 200]
    assert await KeptAnswer.all().count() == 0


async def test_what_is_kept_tells_nothing_to_who_reads_the_table(web, noon):
    resident, slot = await a_resident(noon), await a_slot(noon)

    await web.post("/pickups", by=resident, headers=KEY, **a_booking(slot, street="示例路 8 号"))

    assert "示例路" not in (await KeptAnswer.get()).answer_sealed
