"""A home of the version before identities had a key of their own is started by this one."""

import hashlib
import hmac

import asyncpg
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from miniapi.database import embedded
from miniapi.keys import Keys
from tests.factories.people import an_id_number
from tests.journeys.running import City, House, a_house

OPEN = "2024-09-01T10:00:01+08:00"


async def test_everybody_stays_the_person_they_were(tmp_path):
    house = a_house(tmp_path / "home")
    async with house.up("--as-of", OPEN) as city:
        for serial, user in enumerate(("alice", "bob"), start=1):
            await verified(city, user, an_id_number(serial))
        await claims(city)
        persons = await made_as_before(house)

    async with house.up() as city:
        assert await the_persons(house) == persons
        await city.sign_in("bob")
        assert (await city.call("DELETE", "/me"))[0] in (200, 204)
        await verified(city, "bob", an_id_number(2))

        assert await the_persons(house) == persons
        drop = await the_open_drop(city)
        assert await city.refused("POST", f"/drops/{drop}/claims") == (409, "already_claimed")
        await city.sign_in("carol")
        taken = await city.refused("POST", "/me/identity", name="张三", id_number=an_id_number(1))
        assert taken == (409, "identity_taken")
    assert (await house.command("audit"))[:2] == (0, "audit: 0 differences\n")


async def verified(city: City, user: str, id_number: str) -> None:
    await city.sign_in(user)
    await city.post("/me/identity", name="张三", id_number=id_number)


async def claims(city: City) -> None:
    """Whoever signed in last takes a voucher."""
    await city.post(f"/drops/{await the_open_drop(city)}/claims")


async def the_open_drop(city: City) -> str:
    drops = (await city.get("/drops?region=yangling"))["items"]
    return next(one["id"] for one in drops if one["state"] == "open")


async def made_as_before(house: House) -> set:
    """Fingerprints under a key derived from the secret, sealed text without a key's id; the persons' ids."""
    secret = (house.home / "secret_key").read_text()
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"huanxin identity 1").derive(
        secret.encode()
    )
    keys = Keys(secret)
    connection = await asyncpg.connect(embedded.Server(house.home.resolve()).url())
    try:
        for row in await connection.fetch("SELECT person_id, id_number_sealed FROM resident"):
            if row["person_id"] is not None:
                number = keys.unseal(row["id_number_sealed"])
                mark = hmac.new(derived, number.encode(), hashlib.sha256).hexdigest()
                await connection.execute(
                    "UPDATE person SET fingerprint = $1 WHERE id = $2", mark, row["person_id"]
                )
        await connection.execute(
            "UPDATE resident SET name_sealed = split_part(name_sealed, ':', 2),"
            " id_number_sealed = split_part(id_number_sealed, ':', 2) WHERE person_id IS NOT NULL"
        )
        await connection.execute("DELETE FROM identity_key")
    finally:
        await connection.close()
    return await the_persons(house)


async def the_persons(house: House) -> set:
    connection = await asyncpg.connect(embedded.Server(house.home.resolve()).url())
    try:
        return {row["id"] for row in await connection.fetch("SELECT id FROM person")}
    finally:
        await connection.close()
