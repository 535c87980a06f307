"""The key of a home is replaced, and nobody notices but the operator."""

import json
import os
import signal

import asyncpg

from miniapi.database import embedded
from tests.factories.people import an_id_number
from tests.journeys.running import City, House, a_house

ROTATED = "HUANXIN_SECRET_KEY"


async def test_a_new_key_takes_over_and_the_old_one_goes(tmp_path):
    house = a_house(tmp_path / "home")
    async with house.up() as city:
        await city.sign_in("alice")
        await city.post("/me/phone", phone="13812345678")
        before = await city.post("/me/identity", name="张三", id_number=an_id_number())
        old = await the_keys(house)
        status, said, error = await house.command("keys", "rotate")
        assert (status, error) == (0, ""), error
        new, kept = await the_keys(house)
        assert [kept] == old
        await the_running_service_is_not_locked_out(house, city)
        await a_new_postmaster(house)
        await the_running_service_is_not_locked_out(house, city, "--drop-old")
        assert await the_keys(house) == [new, kept]

    async with house.up() as city:
        await city.sign_in("bob")
        await city.post("/me/phone", phone="13912345678")
        status, said, error = await house.command("keys", "reseal")
        assert (status, error) == (0, ""), error
        assert f"全部由 {new} 加密" in said
        assert await the_keys(house) == [new, kept]
        assert (await house.command("keys", "reseal", "--drop-old"))[0] == 0
        assert await the_keys(house) == [new]
        await city.sign_in("alice")
        assert (await city.get("/me"))["identity"] == before

    async with house.up() as city:
        await city.sign_in("alice")
        assert (await city.get("/me"))["phone"] == "138****5678"
        await city.sign_in("carol")
        taken = await city.refused("POST", "/me/identity", name="张三", id_number=an_id_number())
        assert taken == (409, "identity_taken")
        assert (await house.command("audit"))[:2] == (0, "audit: 0 differences\n")
        assert [(what, after) for what, after in await on_record(house) if "reseal" not in what] == [
            ("keys.rotated", {"ids": [new, kept]}),
            ("keys.dropped", {"ids": [new]}),
        ]


async def test_a_key_that_was_set_is_replaced_by_hand(tmp_path):
    house = a_house(tmp_path / "home")
    house.more = {ROTATED: "a" * 32}
    assert (await house.command("migrate"))[0] == 0

    status, said, error = await house.command("keys", "rotate")

    assert (status, said, len(error.splitlines())) == (1, "", 1)
    assert "旧,新" in error
    assert "新,旧" in error


async def test_keys_that_were_set_are_asked_of_every_process(tmp_path):
    house = a_house(tmp_path / "home")
    old, new = "old " * 10, "new " * 10
    house.more = {ROTATED: old}
    async with house.up() as city:
        await city.sign_in("alice")
        await city.post("/me/phone", phone="13812345678")
        house.more = {ROTATED: f"{new},{old}"}
        await the_running_service_is_not_locked_out(house, city)

    house.more = {ROTATED: f"{old},{new}"}
    async with house.up() as city:
        house.more = {ROTATED: f"{new},{old}"}
        status, said, error = await house.command("keys", "reseal")
        assert (status, said, len(error.splitlines())) == (1, "", 1)
        assert "还有进程用" in error
        await city.sign_in("alice")
        assert (await city.get("/me"))["phone"] == "138****5678"

    async with house.up():
        status, said, error = await house.command("keys", "reseal")
        assert (status, error) == (0, ""), error
        assert "可以从 HUANXIN_SECRET_KEY 里去掉旧密钥" in said


async def the_keys(house: House) -> list[str]:
    """The ids that `keys show` names, the sealing one first."""
    status, said, error = await house.command("keys", "show")
    assert status == 0, error
    return said.splitlines()[0].partition("：")[2].split("、")


async def on_record(house: House) -> list[tuple[str, dict]]:
    """What was done with the keys, by the audit log: each act, and what was so afterwards."""
    connection = await asyncpg.connect(embedded.Server(house.home.resolve()).url())
    try:
        rows = await connection.fetch(
            "SELECT action, after FROM audit_event WHERE action LIKE 'keys.%' ORDER BY seq"
        )
    finally:
        await connection.close()
    return [(row["action"], json.loads(row["after"])) for row in rows]


async def a_new_postmaster(house: House) -> None:
    """Every session of before is gone."""
    old = house.postmaster
    os.kill(old, signal.SIGKILL)
    await house.another_postmaster(old)


async def the_running_service_is_not_locked_out(house: House, city: City, *options: str) -> None:
    status, said, error = await house.command("keys", "reseal", *options)

    assert (status, said, len(error.splitlines())) == (1, "", 1)
    assert "重启" in error
    assert (await city.get("/me"))["phone"] == "138****5678"
