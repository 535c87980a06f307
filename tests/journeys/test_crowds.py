"""Crowds over HTTP on two workers: the last voucher, the last place, and ten o'clock sharp."""

import asyncio
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from tests.factories.people import an_id_number
from tests.journeys.crowding import BEFORE, CROWDED, a_crowd
from tests.journeys.running import City

PASSWORD = "a password of ours"
TEN = datetime.fromisoformat("2024-09-01T10:00:00+08:00")


async def test_a_crowd_at_the_drop_and_at_the_last_place(house):
    async with house.up("--as-of", "2024-09-01T09:00:00+08:00") as city:
        await city.pretend('UPDATE "drop" SET quota = 1 WHERE opens_at > $1', TEN)
        crowd = [await a_verified_resident(city, n) for n in range(64)]
        drops = (await city.get("/drops?region=yangling"))["items"]
        at_ten = next(one["id"] for one in drops if one["opens_at"].startswith("2024-09-01"))
        later = next(one["id"] for one in drops if one["opens_at"].startswith("2024-09-16"))

        await every_worker_opens_at_ten(city, crowd[:16], at_ten)
        await one_of_sixty_four_gets_the_last_voucher(city, crowd, later)
        await one_of_thirty_gets_the_last_place(city, crowd[:30])

        assert await house.command("audit") == (0, "audit: 0 differences\n", "")


async def test_five_hundred_vouchers_for_five_thousand_people(house):
    house.more = CROWDED

    async with house.up("--as-of", BEFORE) as city, a_crowd(city, people=5000, quota=500) as crowd:
        outcomes = await asyncio.gather(*(crowd.claim(number) for number in range(1, 5001)))

        assert Counter(answer.get("code", status) for status, answer in outcomes) == {
            201: 500,
            "drop_sold_out": 4500,
        }
        assert sorted(answer["rank"] for status, answer in outcomes if status == 201) == list(range(1, 501))
        assert await house.command("audit") == (0, "audit: 0 differences\n", "")


async def test_bookings_changes_a_closure_and_new_hours_at_once(house):
    house.more = {**CROWDED, "HUANXIN_DEMO_PASSWORD": PASSWORD}

    async with house.up("--as-of", "2024-09-01T19:00:00+08:00") as city:
        crowd = [await somebody(city, f"person-{n}") for n in range(36)]
        manager, bureau = await somebody(city, "manager-demo"), City(city.house, city.http)
        bureau.token = (await bureau.post("/staff/login", username="bureau", password=PASSWORD))["token"]
        crew = (await manager.get("/merchant/crews"))["items"][0]["id"]
        slots = (await city.get("/pickups/slots?region=yangling"))["items"][:8]
        booked = [
            (one, await one.post("/pickups", **a_visit(slots[n % 8]))) for n, one in enumerate(crowd[:18])
        ]
        week = [
            {"district": "杨陵区", "weekday": day, "begins": 9, "ends": 13, "capacity": 1}
            for day in range(1, 8)
        ]
        rain = {"starts_at": slots[0]["starts_at"], "ends_at": slots[1]["ends_at"], "reason": "暴雨停收"}

        outcomes = await asyncio.gather(
            *(
                one.call("POST", f"/pickups/{pickup['id']}/reschedule", slot=slots[(n + 1) % 8]["id"])
                for n, (one, pickup) in enumerate(booked[:9])
            ),
            *(one.call("POST", f"/pickups/{pickup['id']}/cancel") for one, pickup in booked[9:]),
            *(one.call("POST", "/pickups", **a_visit(slots[n % 8])) for n, one in enumerate(crowd[18:])),
            bureau.call("POST", "/staff/pickups/closures", region="yangling", **rain),
            manager.call("PUT", f"/merchant/crews/{crew}/hours", hours=week),
        )

        refused = {answer["code"] for status, answer in outcomes if status not in (200, 201)}
        assert refused <= {"slot_full", "slot_closed", "pickup_not_booked", "already_booked"}
        assert [status for status, _ in outcomes[-2:]] == [201, 200]
        assert await house.command("audit") == (0, "audit: 0 differences\n", "")


async def somebody(city: City, user: str) -> City:
    one = City(city.house, city.http)
    await one.sign_in(user)
    return one


def a_visit(slot: dict[str, Any]) -> dict[str, Any]:
    address = {"district": slot["district"], "street": "示例路 8 号"}
    return {"slot": slot["id"], "items": [{"category": "fridge"}], "address": address}


async def a_verified_resident(city: City, n: int) -> City:
    one = await somebody(city, f"person-{n}")
    await one.post("/me/identity", name="张三", id_number=an_id_number(n))
    return one


async def every_worker_opens_at_ten(city: City, crowd: list[City], drop: str) -> None:
    """The clock is not moved: it gets to ten by itself, on every worker."""
    await city.move_clock("2024-09-01T09:59:58+08:00")
    await asyncio.sleep((TEN + timedelta(seconds=0.2) - await city.now()).total_seconds())

    outcomes = await asyncio.gather(*(one.call("POST", f"/drops/{drop}/claims") for one in crowd))

    assert Counter(status for status, _ in outcomes) == {201: len(crowd)}
    assert sorted(answer["rank"] for _, answer in outcomes) == list(range(1, len(crowd) + 1))


async def one_of_sixty_four_gets_the_last_voucher(city: City, crowd: list[City], drop: str) -> None:
    await city.move_clock("2024-09-16T10:00:00+08:00")

    outcomes = await asyncio.gather(*(one.call("POST", f"/drops/{drop}/claims") for one in crowd))

    assert Counter(answer.get("code", "success") for _, answer in outcomes) == {
        "success": 1,
        "drop_sold_out": 63,
    }


async def one_of_thirty_gets_the_last_place(city: City, crowd: list[City]) -> None:
    async with asyncio.timeout(20):  # the moved clock's new slots are laid out by a job
        while not (slots := (await city.get("/pickups/slots?region=yangling"))["items"]):
            await asyncio.sleep(0.2)
    slot = slots[-1]
    await city.pretend("DELETE FROM shift WHERE slot_id = $1 AND capacity > 1", slot["id"])
    await city.pretend("UPDATE slot SET capacity = 1 WHERE id = $1", slot["id"])

    outcomes = await asyncio.gather(*(one.call("POST", "/pickups", **a_visit(slot)) for one in crowd))

    assert Counter(answer.get("code", "success") for _, answer in outcomes) == {"success": 1, "slot_full": 29}
