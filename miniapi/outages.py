"""What asyncpg raises while the database is away, whatever the reason: whoever waits for it asks again."""

import asyncpg

AWAY = (
    OSError,  # refused, no such socket, no such host, no answer in time
    asyncpg.PostgresError,  # the server says no: it starts or stops, is full, has not got this database yet
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a connection that was cut just as it was asked something
)


def reason(problem: Exception) -> str:
    """Why, in one line, without the detail that a server may add."""
    return str(problem).partition("\n")[0] or repr(problem)
