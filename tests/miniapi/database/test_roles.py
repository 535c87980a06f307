"""What the service may do to the books and the audit log: add, and nothing else."""

import asyncpg
import pytest
from tortoise.exceptions import OperationalError

from miniapi.database import roles, schema, sql


@pytest.mark.parametrize("table", roles.APPEND_ONLY)
@pytest.mark.parametrize("change", ["UPDATE {} SET at = at", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
async def test_what_is_written_for_ever_cannot_be_changed_by_the_service(database, table, change):
    column = {
        "entry": "amount",
        "settlement": "settled_at",
        "settlement_line": "amount_fen",
        "price_table": "valid_from",
        "price_row": "number",
        "licence": "number",
        "certificate": "code",
    }.get(table, "at")
    change = change.replace("at = at", f"{column} = {column}")

    with pytest.raises((OperationalError, asyncpg.InsufficientPrivilegeError), match="permission denied"):
        await sql.rows(change.format(table))


async def test_the_service_cannot_change_the_tables_themselves(database):
    with pytest.raises((OperationalError, asyncpg.InsufficientPrivilegeError), match="must be owner"):
        await sql.rows("ALTER TABLE entry ADD COLUMN more int")


async def test_everything_else_is_the_services_to_change(database):
    denied = await sql.rows(
        """
        SELECT relname FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND NOT (
            has_table_privilege(oid, 'SELECT') AND has_table_privilege(oid, 'INSERT')
            AND has_table_privilege(oid, 'UPDATE') AND has_table_privilege(oid, 'DELETE'))
        """
    )

    assert {row["relname"] for row in denied} == {*roles.APPEND_ONLY, "tortoise_migrations"}


async def test_migrating_again_leaves_the_role_as_it_is(database_url):
    await schema.migrate(database_url)

    connection = await asyncpg.connect(database_url)
    try:
        await roles.become(connection)
        assert await connection.fetchval("SELECT current_user") == roles.SERVICE
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("DELETE FROM audit_event")
    finally:
        await connection.close()
