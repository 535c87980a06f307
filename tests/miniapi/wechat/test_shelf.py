"""One token for all processes, each of which is a `Tokens` here with a shelf of its own."""

import asyncio

import asyncpg
import pytest

from miniapi.database import sql
from miniapi.keys import Keys
from miniapi.settings import new_secret
from miniapi.wechat.errors import TokenRefused, WeChatUnavailable
from miniapi.wechat.shelf import DatabaseShelf
from miniapi.wechat.tokens import Tokens


class Source:
    """Gives out `one`, `two`, … as WeChat would, and remembers which were forced."""

    def __init__(self, *names, life=7200):
        self.names, self.life, self.forced = list(names), life, []

    async def fetch(self, force):
        self.forced.append(force)
        await asyncio.sleep(0.05)
        if isinstance(name := self.names.pop(0), Exception):
            raise name
        return name, self.life


class Stable:
    """Gives the same token to whoever asks plainly, and another one by force, as WeChat does."""

    many = 0

    async def fetch(self, force):
        await asyncio.sleep(0.02)
        self.many += force
        return f"token-{self.many}", 7200


def processes(source, keys, many=5):
    return [Tokens(source.fetch, DatabaseShelf("wx1", keys)) for _ in range(many)]


async def force_may_be_used_again():
    await sql.rows("UPDATE wechat_token SET forced_at = forced_at - interval '31 seconds' RETURNING appid")


async def test_all_processes_fetch_one_token(database, keys):
    source = Source("one")

    tokens = await asyncio.gather(*(one.current() for one in processes(source, keys, 8)))

    assert tokens == ["one"] * 8
    assert source.forced == [False]


async def test_it_is_sealed(database, keys):
    await processes(Source("one"), keys, 1)[0].current()

    (row,) = await sql.rows("SELECT token_sealed FROM wechat_token")

    assert keys.unseal(row["token_sealed"]) == "one"
    assert "one" not in row["token_sealed"]


async def test_who_knows_another_secret_fetches_for_itself(database, keys):
    source = Source("one", "two")
    await processes(source, keys, 1)[0].current()

    assert await processes(source, Keys(new_secret()), 1)[0].current() == "two"


async def test_a_token_near_its_end_is_not_handed_on(database, keys):
    source = Source("one", "two", life=290)
    first, second = processes(source, keys, 2)

    assert (await first.current(), await second.current()) == ("one", "two")


async def test_what_one_process_renewed_the_others_take(database, keys):
    source = Source("one", "two")
    crowd = processes(source, keys)
    await asyncio.gather(*(one.current() for one in crowd))

    renewed = await asyncio.gather(*(one.instead_of("one") for one in crowd))

    assert renewed == ["two"] * 5
    assert source.forced == [False, False]


async def test_the_dead_token_again_is_replaced_by_force_once(database, keys):
    source = Stable()
    crowd = processes(source, keys)
    (dead,) = {await one.current() for one in crowd}

    renewed = await asyncio.gather(*(one.instead_of(dead) for one in crowd))

    assert renewed == ["token-1"] * 5
    assert source.many == 1


async def test_force_is_for_all_processes_together(database, keys):
    source = Source("one", "one", "two", "three", "three", "four")
    first, second = processes(source, keys, 2)
    await first.current()
    await first.instead_of("one")

    with pytest.raises(TokenRefused):
        await second.forced_instead_of("two")
    await force_may_be_used_again()

    assert await second.forced_instead_of("two") == "three"


async def test_force_is_used_twenty_times_a_day(database, keys):
    source = Source(*map(str, range(30)))
    (one,) = processes(source, keys, 1)
    token = await one.current()
    for _ in range(20):
        token = await one.forced_instead_of(token)
        await force_may_be_used_again()

    with pytest.raises(TokenRefused):
        await one.forced_instead_of(token)
    await sql.rows("UPDATE wechat_token SET forced_since = forced_since - interval '1 day' RETURNING appid")

    assert await one.forced_instead_of(token) == "21"


async def test_who_fails_leaves_the_turn_to_the_next(database, keys):
    source = Source(WeChatUnavailable(), "one")
    first, second = processes(source, keys, 2)

    with pytest.raises(WeChatUnavailable):
        await first.current()

    assert await second.current() == "one"


async def test_a_turn_that_its_owner_died_in_is_over_some_time(database, keys):
    await sql.rows(
        "INSERT INTO wechat_token (appid, forced, fetching_until)"
        " VALUES ('wx1', 0, clock_timestamp() + interval '1 second') RETURNING appid"
    )

    assert await processes(Source("one"), keys, 1)[0].current() == "one"


async def test_while_the_database_does_not_answer_each_asks_for_itself(database, keys, caplog):
    other = await asyncpg.connect(database)
    try:
        await other.execute("BEGIN; LOCK TABLE wechat_token IN ACCESS EXCLUSIVE MODE")

        assert await processes(Source("one"), keys, 1)[0].current() == "one"
    finally:
        await other.close()
    assert "the access token is not shared" in caplog.text
