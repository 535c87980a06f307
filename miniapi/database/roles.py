"""The role the service works as: it may add to the books and the audit log, and never edit them."""

import logging

import asyncpg

SERVICE = "huanxin_service"
APPEND_ONLY = (
    "audit_event",
    "entry",
    "transfer",
    "voucher_event",
    "pickup_event",
    "redemption_event",
    "settlement",
    "settlement_line",
    "price_table",
    "price_row",
    "licence",
    "handover",
    "certificate",
)

log = logging.getLogger(__name__)

CREATE = f"""
    DO $$ BEGIN
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{SERVICE}') THEN
            CREATE ROLE {SERVICE} NOLOGIN;
        END IF;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;  -- another host was faster
    END $$;
    DO $$ BEGIN
        IF NOT pg_has_role('{SERVICE}', 'MEMBER') THEN
            GRANT {SERVICE} TO CURRENT_USER;
        END IF;
    END $$;
"""
GRANT = f"""
    GRANT USAGE ON SCHEMA public TO {SERVICE};
    GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {SERVICE};
    REVOKE UPDATE, DELETE ON {", ".join(APPEND_ONLY)} FROM {SERVICE};
    -- words of a resident, erased when they leave
    GRANT UPDATE (reason, reason_sealed) ON pickup_event TO {SERVICE};
    REVOKE INSERT, UPDATE, DELETE ON tortoise_migrations FROM {SERVICE};
"""
BECOME = f"""
    SELECT set_config('role', rolname, false) FROM pg_roles
    WHERE rolname = '{SERVICE}' AND pg_has_role(oid, 'MEMBER')
"""  # noqa: S608


async def grant(connection: asyncpg.Connection) -> None:
    """Make the service's role and say what it may do; as the owner of the tables, after every migration.

    A server that lets its owner make no roles is used as it is, and `huanxin doctor` says so.
    """
    try:
        await connection.execute(CREATE)
    except asyncpg.InsufficientPrivilegeError as refused:
        log.warning(
            "the role %s cannot be made, the log is guarded by the service alone: %s", SERVICE, refused
        )
        return
    await connection.execute(GRANT)


async def become(connection: asyncpg.Connection) -> None:
    """Work as the service's role from now on, where there is one."""
    await connection.fetchval(BECOME)
