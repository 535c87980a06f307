"""A backup taken while the city runs, and the morning after the disk was lost."""

import shutil
from datetime import timedelta

import asyncpg

from miniapi.database import embedded
from tests.factories.people import an_id_number
from tests.journeys.running import City, House, a_house

OPEN = "2024-09-01T10:00:01+08:00"


async def test_a_restored_city_goes_on_from_its_backup(tmp_path):
    house, file = a_house(tmp_path / "家 home"), tmp_path / "夜 backup.zip"
    async with house.up("--as-of", OPEN) as city:
        drop = await the_open_drop(city)
        kept = await claims(city, "alice", an_id_number(1), drop)
        status, said, error = await house.command("backup", str(file))
        assert (status, error) == (0, ""), error
        backed_up_at = await city.now()
        await claims(city, "bob", an_id_number(2), drop)
        assert (await house.command("restore", str(file)))[0] == 1

    await the_used_home_is_left_in_peace(house, file)
    new = a_house(tmp_path / "new home")
    await another_key_is_refused(new, file)
    new.home.mkdir(exist_ok=True)
    shutil.copy(house.home / "secret_key", new.home / "secret_key")
    status, said, error = await new.command("restore", str(file))
    assert (status, error) == (0, ""), error
    assert "audit: 0 differences" in said

    async with new.up() as city:
        await the_doctor_finds_nothing(new)
        now = await city.now()
        assert backed_up_at <= now < backed_up_at + timedelta(minutes=5)
        await city.sign_in("alice")
        assert [one["id"] for one in (await city.get("/vouchers"))["items"]] == [kept["id"]]
        assert (await city.get(f"/drops/{drop}"))["remaining"] == 99
        again = await claims(city, "bob", an_id_number(2), drop)
        assert again["rank"] == 2
        the_two_are_on_record(await operators_acts(house), await operators_acts(new))
    assert (await new.command("audit"))[:2] == (0, "audit: 0 differences\n")


async def operators_acts(house: House) -> list:
    """What operators did by the audit log of a home: the act, on what."""
    with embedded.running(house.home.resolve()) as server:
        connection = await asyncpg.connect(server.url())
        try:
            asked = "SELECT action, subject FROM audit_event WHERE actor = 'operator:cli' ORDER BY seq"
            return [tuple(row) for row in await connection.fetch(asked)]
        finally:
            await connection.close()


def the_two_are_on_record(before: list, after: list) -> None:
    [(made, file)] = before
    assert made == "backup.made"
    assert file.startswith("backup:")
    assert after == [("restore.done", file)]


async def the_open_drop(city: City) -> str:
    drops = (await city.get("/drops?region=yangling"))["items"]
    return next(one["id"] for one in drops if one["state"] == "open" and one["remaining"] == 100)


async def claims(city: City, user: str, id_number: str, drop: str) -> dict:
    await city.sign_in(user)
    await city.post("/me/identity", name="张三", id_number=id_number)
    claimed = await city.post(f"/drops/{drop}/claims")
    return {**claimed["voucher"], "rank": claimed["rank"]}


async def the_used_home_is_left_in_peace(house: House, file) -> None:
    status, _, error = await house.command("restore", str(file))

    assert (status, len(error.splitlines())) == (1, 1)
    assert "已有数据" in error
    assert (await house.command("audit"))[0] == 0


async def the_doctor_finds_nothing(house: House) -> None:
    status, said, error = await house.command("doctor")

    assert (status, error) == (0, "")
    assert "✗" not in said
    for well in ("✓ 密钥与数据：相符", "✓ 定时任务", f"✓ 端口 {house.port}：焕新正在使用"):
        assert well in said, said


async def another_key_is_refused(house: House, file) -> None:
    house.more = {"HUANXIN_SECRET_KEY": "quite another secret of 32 characters"}

    status, _, error = await house.command("restore", str(file))

    assert (status, len(error.splitlines())) == (1, 1)
    assert "密钥" in error
    house.more = {}
