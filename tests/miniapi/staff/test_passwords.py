import re

from argon2 import PasswordHasher

from miniapi.staff import passwords, rules


async def test_are_kept_as_argon2id_and_never_twice_alike():
    first, second = (
        await passwords.hash_of("four words and more"),
        await passwords.hash_of("four words and more"),
    )

    assert first.startswith("$argon2id$")
    assert first != second
    assert len(first) <= 200
    assert await passwords.is_right("four words and more", first)
    assert not await passwords.is_right("four words or more", first)


async def test_of_nobody_are_wrong_whatever_they_are():
    assert not await passwords.is_right("", None)


async def test_that_were_hashed_with_less_work_are_outdated():
    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("four words and more")

    assert passwords.is_outdated(weak)
    assert not passwords.is_outdated(await passwords.hash_of("four words and more"))


def test_that_are_made_can_be_typed_and_are_fit():
    made = {passwords.made() for _ in range(50)}

    assert len(made) == 50
    assert all(re.fullmatch(r"([a-hj-km-np-z2-9]{4}-){3}[a-hj-km-np-z2-9]{4}", one) for one in made)
    assert all(rules.is_fit(one, "bureau") for one in made)
