import pytest

from miniapi.operation import programs
from miniapi.operation.archive import BackupError

NOWHERE = "postgresql://u:secret@127.0.0.1:1/none"


@pytest.mark.parametrize(
    ("url", "shown", "password"),
    [
        ("postgresql://u:p%40ss@db:5432/h?sslmode=prefer", "postgresql://u@db:5432/h?sslmode=prefer", "p@ss"),
        ("postgresql://%E7%84%95:pw@[::1]/h", "postgresql://%E7%84%95@[::1]/h", "pw"),
        ("postgresql://u@db/h", "postgresql://u@db/h", None),
        ("postgresql://postgres@/h?host=/a%20b", "postgresql://postgres@/h?host=/a%20b", None),
    ],
)
def test_the_password_is_taken_out_of_the_address(url, shown, password):
    assert programs.without_password(url) == (shown, password)


async def test_a_program_that_fails_says_why_in_one_line():
    with pytest.raises(BackupError, match="pg_dump 失败") as failed:
        async with programs.running("pg_dump", database_url=NOWHERE) as running:
            assert await running.out.read() == b""

    assert "\n" not in str(failed.value)
    assert "secret" not in str(failed.value)


async def test_a_program_that_stops_reading_says_why():
    async def pour():
        async with programs.running("psql", database_url=NOWHERE) as running:
            for _ in range(1000):
                running.into.write(b"no dump" * 1000)
                await running.into.drain()

    with pytest.raises(BackupError, match="psql 失败"):
        await pour()


async def test_tls_asks_for_the_machines_own_program(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")

    with pytest.raises(BackupError, match="postgresql-client"):
        async with programs.running("pg_dump", database_url=f"{NOWHERE}?sslmode=verify-full"):
            pass
