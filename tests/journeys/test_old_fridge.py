"""An old fridge goes away: booked in the chat, collected, taken in, taken apart; a stranger checks it."""

import io

import pypdf

from miniapi.ids import new_id
from tests.factories.people import an_id_number
from tests.journeys.running import City, a_house

STREET = "示例路 8 号 2 单元 301"
PHONE = "13812345678"


async def test_from_the_chat_to_a_certificate_that_a_stranger_checks(tmp_path):
    house = a_house(tmp_path / "home")

    async with house.up("--as-of", "2024-09-01T09:58:00+08:00") as city:
        alice, crew, station, dismantler, clerk = [
            await somebody(city, user)
            for user in ("alice", "crew-demo", "station-demo", "dismantler-demo", "clerk-demo")
        ]
        pickup = await she_books_in_the_chat(alice)
        voucher = await she_buys_a_new_one(alice, clerk, pickup)
        await the_crew_collects(alice, crew, pickup)
        await the_station_takes_it_in(station, pickup)
        await the_dismantler_takes_it_apart(alice, dismantler, pickup)
        code = await she_has_a_certificate(alice, pickup)
        await a_stranger_checks_it(City(house, city.http), code, pickup, voucher)

        assert await house.command("audit") == (0, "audit: 0 differences\n", "")


async def somebody(city: City, user: str) -> City:
    one = City(city.house, city.http)
    await one.sign_in(user)
    return one


async def an_action(city: City) -> dict:
    """One action of a telephone, done just now."""
    return {"action": str(new_id()), "done_at": (await city.now()).isoformat()}


async def she_books_in_the_chat(alice: City) -> dict:
    await alice.post("/me/phone", phone=PHONE)
    await alice.post("/me/identity", name="张三", id_number=an_id_number())
    await alice.say("明天上午来收旧冰箱")
    await alice.say(STREET)
    booked = await alice.say("确认")

    (pickup,) = (await alice.get("/pickups"))["items"]
    assert pickup["number"] in booked["reply"]
    assert pickup["slot"]["starts_at"] == "2024-09-02T09:00:00+08:00"
    return pickup


async def she_buys_a_new_one(alice: City, clerk: City, pickup: dict) -> dict:
    """With a voucher, at ten; the old one is the one that is collected tomorrow."""
    await alice.move_clock("2024-09-01T10:00:00+08:00")
    drops = (await alice.get("/drops?region=yangling"))["items"]
    drop = next(one["id"] for one in drops if one["opens_at"].startswith("2024-09-01"))
    voucher = (await alice.post(f"/drops/{drop}/claims"))["voucher"]
    shown = await alice.post(f"/vouchers/{voucher['id']}/presentation")
    quote = await clerk.post(
        "/merchant/redemptions/quote",
        payload=shown["payload"],
        category="fridge",
        price_fen=520_000,
        energy_grade=1,
    )
    await clerk.post(
        "/merchant/redemptions",
        quote=quote["quote"],
        brand="示例牌",
        model="BCD-500",
        serial_number="SN20240901",
        invoice_number="24000000000000000001",
        invoice_fen=520_000,
        trade_in={"declared": True, "category": "fridge", "pickup": pickup["id"]},
    )
    (bought,) = (await alice.get("/redemptions"))["items"]
    assert bought["pickup"]["number"] == pickup["number"]
    return voucher


async def the_crew_collects(alice: City, crew: City, pickup: dict) -> None:
    path = f"/crew/pickups/{pickup['id']}"
    await crew.post(f"{path}/accept", **await an_action(crew))
    await alice.move_clock("2024-09-02T08:40:00+08:00")
    await crew.post(f"{path}/set_out", **await an_action(crew))
    assert (await crew.get(path))["street"] == STREET
    await crew.post(f"{path}/arrive", **await an_action(crew))
    await crew.post(f"{path}/offer", price_fen=8000, **await an_action(crew))
    visit = await alice.get(f"/pickups/{pickup['id']}/visit")
    await alice.post(f"/pickups/{pickup['id']}/offer/accept", offer=visit["offer"]["id"])

    collected = await crew.post(
        f"{path}/collect", weight_grams=62_000, price_fen=8000, code=visit["code"], **await an_action(crew)
    )

    assert collected["state"] == "collected"


async def the_station_takes_it_in(station: City, pickup: dict) -> None:
    listed = await station.get(f"/station/pickups?number={pickup['number']}")
    assert [one["id"] for one in listed["items"]] == [pickup["id"]]
    assert STREET not in str(listed)
    act = await an_action(station)

    first = await station.post(f"/station/pickups/{pickup['id']}/receive", weight_grams=61_500, **act)
    again = await station.post(f"/station/pickups/{pickup['id']}/receive", weight_grams=61_500, **act)

    assert (first, first["weight_off"]) == (again, False)


async def the_dismantler_takes_it_apart(alice: City, dismantler: City, pickup: dict) -> None:
    assert (await alice.get(f"/pickups/{pickup['id']}/certificate"))["to_come"] == ["dismantler"]
    await alice.move_clock("2024-09-04T10:00:00+08:00")
    (waiting,) = (await dismantler.get("/dismantler/pickups"))["items"]

    await dismantler.post(
        f"/dismantler/pickups/{waiting['id']}/dismantle", weight_grams=61_000, **await an_action(dismantler)
    )

    assert (await alice.get(f"/pickups/{pickup['id']}"))["state"] == "dismantled"


async def she_has_a_certificate(alice: City, pickup: dict) -> str:
    chain = await alice.get(f"/pickups/{pickup['id']}/certificate")
    assert [step["hand"] for step in chain["steps"]] == ["crew", "station", "dismantler"]
    code = chain["certificate"]["code"]
    assert chain["certificate"]["address"] == f"http://127.0.0.1:{alice.house.port}/c/{code}"

    address = f"http://127.0.0.1:{alice.house.port}/api/v1/pickups/{pickup['id']}/certificate.pdf"
    async with alice.http.get(address, headers={"Authorization": f"Bearer {alice.token}"}) as answer:
        assert (answer.status, answer.content_type) == (200, "application/pdf")
        (page,) = pypdf.PdfReader(io.BytesIO(await answer.read())).pages
    assert "废旧家电家居回收处理证明" in page.extract_text().replace("\0", "")
    return code


async def a_stranger_checks_it(stranger: City, code: str, pickup: dict, voucher: dict) -> None:
    genuine = await stranger.get(f"/certificates/{code}")

    assert genuine["genuine"] is True
    assert [item["category_name"] for item in genuine["items"]] == ["冰箱"]
    assert genuine["purchase"]["voucher"].endswith(voucher["code"][-4:])
    assert all(step["licence"]["number"].startswith("示例") for step in genuine["steps"])
    for secret in (STREET, PHONE, "张三", pickup["number"], voucher["code"]):
        assert secret not in str(genuine)
    assert await stranger.refused("GET", f"/certificates/{'A' * 26}") == (404, "certificate_unknown")
    async with stranger.http.get(f"http://127.0.0.1:{stranger.house.port}/c/{code}") as answer:
        assert "核验通过" in await answer.text()
