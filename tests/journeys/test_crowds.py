"""Crowds over HTTP on two workers: the last voucher, the last place, and ten o'clock sharp."""

import asyncio
from collections import Counter
from datetime import datetime, timedelta

from tests.factories.people import an_id_number
from tests.journeys.crowding import BEFORE, a_crowd, a_crowded_house
from tests.journeys.running import City, a_house

TEN = datetime.fromisoformat("2024-09-01T10:00:00+08:00")


async def test_a_crowd_at_the_drop_and_at_the_last_place(tmp_path):
    house = a_house(tmp_path)

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


async def test_five_hundred_vouchers_for_five_thousand_people(tmp_path):
    house = a_crowded_house(tmp_path)

    async with house.up("--as-of", BEFORE) as city, a_crowd(city, people=5000, quota=500) as crowd:
        outcomes = await asyncio.gather(*(crowd.claim(number) for number in range(1, 5001)))

        assert Counter(answer.get("code", status) for status, answer in outcomes) == {
            201: 500,
            "drop_sold_out": 4500,
        }
        assert sorted(answer["rank"] for status, answer in outcomes if status == 201) == list(range(1, 501))
        assert await house.command("audit") == (0, "audit: 0 differences\n", "")


async def a_verified_resident(city: City, n: int) -> City:
    one = City(city.house, city.http)
    await one.sign_in(f"person-{n}")
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
    booking = {
        "slot": slot["id"],
        "items": [{"category": "fridge"}],
        "address": {"district": slot["district"], "street": "示例路 8 号"},
    }

    outcomes = await asyncio.gather(*(one.call("POST", "/pickups", **booking) for one in crowd))

    assert Counter(answer.get("code", "success") for _, answer in outcomes) == {"success": 1, "slot_full": 29}
