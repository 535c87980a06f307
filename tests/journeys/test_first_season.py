"""The main job, end to end, on the real processes: one resident's first of September."""

import asyncio
import re
from datetime import datetime, timedelta
from urllib.parse import quote

from tests.factories.people import an_id_number
from tests.journeys.running import City, a_house

START = "2024-09-01T09:58:00+08:00"
TEN = "2024-09-01T10:00:00+08:00"


async def test_from_signing_in_to_a_second_start(tmp_path):
    house = a_house(tmp_path / "家 home")

    async with house.up("--as-of", START) as city:
        await she_signs_in(city)
        await she_asks(city)
        drop = await she_is_reminded_once(city)
        voucher = await she_claims(city, drop)
        await she_books_by_api(city)
        await she_books_by_chatting(city)
        before = await city.now()
        token = city.token

    async with house.up() as city:  # time goes on, nothing is lost
        city.token = token
        assert before <= await city.now() < before + timedelta(minutes=5)
        kept = await city.get("/vouchers")
        assert [one["id"] for one in kept["items"]] == [voucher["id"]]
        assert len((await city.get("/pickups"))["items"]) == 2
        assert await house.command("audit") == (0, "audit: 0 differences\n", "")
        await the_audit_finds_a_changed_reserve(city, voucher)


async def she_signs_in(city: City) -> None:
    signed_in = await city.sign_in("alice")
    assert re.search(r"\+08:00$", signed_in["expires_at"])
    code = (await city.sandbox("POST", "/phone", user="alice", phone="13812345678"))["code"]
    assert await city.post("/me/phone", code=code) == {"phone": "138****5678", "verified": True}
    assert await city.refused("POST", "/me/identity", name="张三", id_number="123") == (
        422,
        "id_number_invalid",
    )
    verified = await city.post("/me/identity", name="张三", id_number=an_id_number())
    assert (verified["verified"], verified["name"]) == (True, "张*")
    assert (await city.get("/me"))["roles"] == []


async def she_asks(city: City) -> None:
    answers = {
        "杨凌家电以旧换新补多少": ("answer", ["10%", "1000", "3000"], "细则三"),
        "五千二的冰箱能便宜多少": ("quote", ["520"], "细则三"),
        "券几点发": (None, ["10:00", "1", "16"], "细则四（一）"),
        "可以上门收旧空调吗": ("answer", ["上门"], None),
    }
    for question, (intent, figures, clause) in answers.items():
        reply = await city.say(question, session=f"ask-{abs(hash(question))}")
        assert intent in (None, reply["intent"]), reply
        assert all(figure in reply["reply"] for figure in figures), reply
        assert reply["citations"], reply
        assert {cited["status"] for cited in reply["citations"]} == {"in_force"}
        assert clause in (None, *(cited["clause"] for cited in reply["citations"])), reply
        status, said, _ = await city.house.command("ask", question, "--region", "yangling")
        assert (status, all(figure in said for figure in figures)) == (0, True), said
    unknown = await city.say("省补可以叠加国补吗", session="ask-unknown")
    assert unknown["intent"] == "decline"
    assert unknown["suggestions"] or unknown["actions"]


async def she_is_reminded_once(city: City) -> dict:
    template = next(
        one["template_id"] for one in await city.sandbox("GET", "/templates") if one["kind"] == "drop"
    )
    await city.sandbox("POST", "/subscribe", user="alice", template_ids=[template], answer="accept")
    drops = (await city.get("/drops?region=yangling"))["items"]
    drop = next(one for one in drops if one["opens_at"] == TEN)
    assert (drop["state"], drop["quota"]) == ("planned", 100)
    ask = {"kind": "drop", "drop": drop["id"]}
    assert await city.refused("POST", "/reminders", **ask, minutes_before=10) == (422, "too_late")
    reminder = await city.post("/reminders", **ask, minutes_before=1)
    assert reminder["delivery"] == "wechat"
    assert await city.refused("POST", f"/drops/{drop['id']}/claims") == (409, "drop_not_open")

    await city.move_clock("2024-09-01T09:59:10+08:00")
    received = await until(lambda: messages(city))
    assert [one["template_id"] for one in received] == [template]
    assert received[0]["at"] < TEN
    await asyncio.sleep(2.5)
    assert len(await messages(city)) == 1
    assert (await city.get("/reminders"))["items"] == []
    return drop


async def messages(city: City) -> list:
    return [one for one in await city.sandbox("GET", "/messages?user=alice") if one["kind"] == "subscribe"]


async def she_claims(city: City, drop: dict) -> dict:
    await city.move_clock("2024-09-01T09:59:57+08:00")
    wait = datetime.fromisoformat(TEN) + timedelta(seconds=0.2) - await city.now()
    await asyncio.sleep(wait.total_seconds())  # ten o'clock comes by itself

    outcome = await city.post(f"/drops/{drop['id']}/claims")

    voucher = outcome["voucher"]
    assert outcome["rank"] == 1
    assert (voucher["state"], voucher["max_fen"]) == ("issued", 100_000)
    assert voucher["valid_until"] == "2024-09-08T23:59:59+08:00"
    assert (await city.get("/vouchers?state=issued"))["items"][0]["id"] == voucher["id"]
    assert await city.refused("POST", f"/drops/{drop['id']}/claims") == (409, "already_claimed")
    await another_finds_it_sold_out(city, drop)
    return voucher


async def another_finds_it_sold_out(city: City, drop: dict) -> None:
    await city.pretend('UPDATE "drop" SET quota = issued WHERE id = $1', drop["id"])
    alice, city.token = city.token, None
    await city.sign_in("bob")
    assert await city.refused("POST", f"/drops/{drop['id']}/claims") == (403, "identity_required")
    await city.post("/me/identity", name="李四", id_number=an_id_number(2))
    assert await city.refused("POST", f"/drops/{drop['id']}/claims") == (409, "drop_sold_out")
    await city.pretend('UPDATE "drop" SET quota = 100 WHERE id = $1', drop["id"])
    city.token = alice


async def she_books_by_api(city: City) -> None:
    slots = f"/pickups/slots?region=yangling&date=2024-09-02&district={quote('杨陵区')}"
    slot = (await city.get(slots))["items"][0]
    address = {"district": slot["district"], "street": "示例路 8 号"}
    booking = {"slot": slot["id"], "items": [{"category": "冰箱"}], "address": address}

    booked = await city.post("/pickups", **booking)

    assert (booked["state"], booked["items"][0]["category"]) == ("booked", "fridge")
    assert (await city.get(slots))["items"][0]["left"] == slot["left"] - 1
    assert (await city.get(f"/pickups/{booked['id']}"))["number"] == booked["number"]
    assert (await city.post(f"/pickups/{booked['id']}/cancel"))["state"] == "cancelled"
    assert (await city.get(slots))["items"][0]["left"] == slot["left"]


async def she_books_by_chatting(city: City) -> None:
    asked = await city.say("明天上午来收旧冰箱")
    assert asked["intent"] == "book_pickup"
    read_back = await city.say("示例路 8 号 2 单元 301")
    assert all(word in read_back["reply"] for word in ("冰箱", "示例路 8 号 2 单元 301", "9月2日")), read_back

    booked = await city.say("确认")

    assert "约好了" in booked["reply"]
    open_ones = [one for one in (await city.get("/pickups"))["items"] if one["state"] == "booked"]
    assert [one["slot"]["starts_at"] for one in open_ones] == ["2024-09-02T09:00:00+08:00"]
    assert open_ones[0]["number"] in booked["reply"]
    await city.say("取消预约")
    await city.say("确认")
    assert not [one for one in (await city.get("/pickups"))["items"] if one["state"] == "booked"]


async def the_audit_finds_a_changed_reserve(city: City, voucher: dict) -> None:
    await city.pretend("UPDATE voucher SET reserved_fen = reserved_fen - 1 WHERE id = $1", voucher["id"])

    status, _, error = await city.house.command("audit")

    assert status == 1
    assert voucher["id"] in error
    assert error.splitlines()[-1].startswith("audit: ")


async def until(look, seconds: float = 5.0):
    """What `look` finds, as soon as it finds something."""
    for _ in range(int(seconds / 0.1)):
        if found := await look():
            return found
        await asyncio.sleep(0.1)
    raise AssertionError(f"nothing came within {seconds} s")
