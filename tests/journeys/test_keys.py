"""The key of a home is replaced, and nobody notices but the operator."""

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


async def test_a_key_that_was_set_is_replaced_by_hand(tmp_path):
    house = a_house(tmp_path / "home")
    house.more = {ROTATED: "a" * 32}
    assert (await house.command("migrate"))[0] == 0

    status, said, error = await house.command("keys", "rotate")

    assert (status, said, len(error.splitlines())) == (1, "", 1)
    assert "旧,新" in error
    assert "新,旧" in error


async def the_keys(house: House) -> list[str]:
    """The ids that `keys show` names, the sealing one first."""
    status, said, error = await house.command("keys", "show")
    assert status == 0, error
    return said.splitlines()[0].partition("：")[2].split("、")


async def the_running_service_is_not_locked_out(house: House, city: City) -> None:
    status, said, error = await house.command("keys", "reseal")

    assert (status, said, len(error.splitlines())) == (1, "", 1)
    assert "重启" in error
    assert (await city.get("/me"))["phone"] == "138****5678"
