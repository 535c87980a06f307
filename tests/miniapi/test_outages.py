import asyncpg
import pytest
from tortoise.exceptions import OperationalError

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


@pytest.mark.parametrize(
    ("problem", "is_one"),
    [
        (OperationalError(asyncpg.AdminShutdownError("terminating connection")), True),
        (OperationalError("no such column"), False),
        (asyncpg.UniqueViolationError("duplicate"), False),
        (asyncpg.DataError("that is no number"), False),
        (ValueError("that"), False),
    ],
)
def test_what_breaks_off_work_that_had_begun_is_found_inside_of_tortoises_errors(problem, is_one):
    assert outages.is_one(problem) is is_one
