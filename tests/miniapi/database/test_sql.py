import pytest

from miniapi.database import sql
from miniapi.database.sql import Write

ROW = "INSERT INTO kept (n, word) VALUES ($1, $2)"
ROWS = "INSERT INTO kept (n, word) SELECT n, $2 FROM unnest($1::int[]) AS new (n)"


@pytest.fixture
async def table(database):
    await sql.rows("CREATE TEMPORARY TABLE kept (n int PRIMARY KEY, word text)")


async def kept():
    return [(row["n"], row["word"]) for row in await sql.rows("SELECT n, word FROM kept ORDER BY n")]


async def one_session(*writes):
    """Temporary tables belong to a session."""
    await sql.write(writes)
    return await kept()


class TestWrite:
    async def test_runs_all_of_them_each_with_its_own_values(self, table):
        written = await one_session(
            Write(ROW, [1, "one"]), Write(ROWS, [[2, 3], "many"]), Write(ROW, [4, "four"])
        )

        assert written == [(1, "one"), (2, "many"), (3, "many"), (4, "four")]

    async def test_numbers_more_than_nine_values(self, table):
        six = ", ".join(f"(${2 * n + 1}, ${2 * n + 2})" for n in range(6))
        values = [value for n in range(6) for value in (n, str(n))]

        written = await one_session(Write(ROW, [9, "nine"]), Write(f"INSERT INTO kept VALUES {six}", values))

        assert written == [*((n, str(n)) for n in range(6)), (9, "nine")]

    async def test_asks_at_the_same_time_with_and_without_parts_of_its_own(self, table):
        one = Write(ROW, [1, "one"])

        plain = await sql.write_and_ask([one], Write("SELECT $1::int AS asked", [7]))
        parted = await sql.write_and_ask(
            [Write(ROW, [2, "two"])],
            Write("WITH seven AS (SELECT $1::int AS asked) SELECT * FROM seven WHERE asked = $1", [7]),
        )
        alone = await sql.write_and_ask([], Write("SELECT $1::int AS asked", [7]))

        assert [row["asked"] for row in (*plain, *parted, *alone)] == [7, 7, 7]
        assert await kept() == [(1, "one"), (2, "two")]

    async def test_of_nothing_asks_nothing(self):
        await sql.write([])
