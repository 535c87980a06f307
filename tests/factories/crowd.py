"""Residents by the thousand, verified and signed in, written straight into the tables."""

from datetime import datetime

import asyncpg

from tests.factories.people import KEYS

NAME = "王小明"
SEALED = KEYS.seal(NAME)
UNLIMITED = {
    "HUANXIN_REQUESTS_PER_MINUTE": "0",
    "HUANXIN_SIGN_INS_PER_MINUTE": "0",
    "HUANXIN_PERSON_REQUESTS_PER_MINUTE": "0",
}  # one address asks for all of them

# a resident's number is their id, their person's id, and what their token is made of
PEOPLE = (
    """
    INSERT INTO person (id, fingerprint, created_at)
    SELECT lpad(to_hex(n), 32, '0')::uuid, encode(sha256(n::text::bytea), 'hex'), $3
    FROM generate_series($1::int, $2::int) n
    """,
    f"""
    INSERT INTO resident (id, openid, region, person_id, name_sealed, id_number_sealed, phone_verified,
                          created_at)
    SELECT lpad(to_hex(n), 32, '0')::uuid, 'o' || lpad(n::text, 27, '0'), 'yangling',
           lpad(to_hex(n), 32, '0')::uuid, '{SEALED}', '{SEALED}', false, $3
    FROM generate_series($1::int, $2::int) n
    """,
    """
    INSERT INTO session (id, resident_id, token_hash, created_at, expires_at)
    SELECT lpad(to_hex(n), 32, '0')::uuid, lpad(to_hex(n), 32, '0')::uuid,
           encode(sha256(lpad(n::text, 43, '0')::bytea), 'hex'), $3::timestamptz,
           $3::timestamptz + interval '30 days'
    FROM generate_series($1::int, $2::int) n
    """,
)


async def settle(connection: asyncpg.Connection, first: int, last: int, *, at: datetime) -> None:
    """Let residents with these numbers live here, all at once: a person without an account is cleaned up."""
    async with connection.transaction():
        for statement in PEOPLE:
            await connection.execute(statement, first, last, at)


def token_of(number: int) -> str:
    """The token of a resident; `claims.lua` of the bench makes the same one."""
    return f"{number:043d}"
