"""What is raised while the database is away, whatever the reason: whoever waits for it asks again."""

import asyncpg
from tortoise.exceptions import DBConnectionError, OperationalError

AWAY = (
    OSError,  # refused, no such socket, no such host, no answer in time
    asyncpg.PostgresError,  # the server says no: it starts or stops, is full, has not got this database yet
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a connection that was cut just as it was asked something
)
IN_THE_MIDDLE = (  # of work that went well so far
    DBConnectionError,
    OSError,  # refused, no such socket, no such host, timed out
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.InsufficientResourcesError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a connection that was cut just as it was asked something
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.QueryCanceledError,  # longer than its bound
    asyncpg.LockNotAvailableError,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.ReadOnlySQLTransactionError,  # a standby that has not taken over yet
)


def is_one(problem: BaseException) -> bool:
    """Whether work that had begun failed for it, however Tortoise wraps what asyncpg said."""
    causes = (problem, problem.__cause__, *(problem.args if isinstance(problem, OperationalError) else ()))
    # a ValueError is a value of ours that asyncpg would not send
    return any(isinstance(cause, IN_THE_MIDDLE) and not isinstance(cause, ValueError) for cause in causes)


def reason(problem: Exception) -> str:
    """Why, in one line, without the detail that a server may add."""
    return str(problem).partition("\n")[0] or repr(problem)
