import asyncpg
import pytest

from miniapi import outages


@pytest.mark.parametrize(
    "problem",
    [
        ConnectionRefusedError(111, "Connection refused"),
        TimeoutError(),
        asyncpg.InvalidCatalogNameError("no such database"),
        asyncpg.TooManyConnectionsError("sorry, too many clients already"),
        asyncpg.AdminShutdownError("terminating connection"),
        asyncpg.InvalidPasswordError("password authentication failed"),
        asyncpg.InterfaceError("connection is closed"),
        asyncpg.InternalClientError("got result for unknown protocol state"),
    ],
)
def test_a_database_may_be_away_for_many_reasons(problem):
    assert isinstance(problem, outages.AWAY)


def test_a_mistake_of_ours_is_none_of_them():
    assert not isinstance(ValueError("that"), outages.AWAY)


def test_the_reason_is_one_line_that_quotes_no_row():
    with_detail = asyncpg.UniqueViolationError.new(
        {"M": "duplicate", "D": "Key (phone) exists.", "C": "23505"}
    )

    assert outages.reason(with_detail) == "duplicate"
    assert outages.reason(TimeoutError()) == "TimeoutError()"
