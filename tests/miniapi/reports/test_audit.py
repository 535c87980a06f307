"""Every money rule that is broken by hand is found, with the row named."""

import asyncpg
import pytest

from miniapi.reports.audit import differences
from miniapi.vouchers.actions import claim
from tests.factories.people import a_resident
from tests.factories.season import an_open_drop
from tests.factories.slots import a_slot

BY_HAND = {
    "a reserve is changed": ("UPDATE voucher SET reserved_fen = 1 RETURNING 'voucher ' || id AS row", 3),
    "a reserve and its worth are changed": (
        "UPDATE voucher SET reserved_fen = 1, max_fen = 1 RETURNING 'voucher ' || id AS row",
        2,
    ),
    "a voucher is worth more than an item may get": (
        "UPDATE voucher SET max_fen = 100001 RETURNING 'voucher ' || id AS row",
        2,
    ),
    "a balance is changed": (
        "UPDATE account SET balance = balance + 1 WHERE name = 'pool' RETURNING 'account test/pool' AS row",
        2,
    ),
    "an entry is changed": (
        "UPDATE entry SET amount = amount + 1 WHERE amount = 100000 "
        "RETURNING (SELECT 'transfer ' || key FROM transfer t WHERE t.id = transfer_id) AS row",
        3,
    ),
    "an entry is gone": (
        "DELETE FROM entry WHERE amount = -100000 "
        "RETURNING (SELECT 'transfer ' || key FROM transfer t WHERE t.id = transfer_id) AS row",
        2,
    ),
    "a drop counts one voucher too many": (
        "UPDATE \"drop\" SET issued = issued + 1 RETURNING 'drop ' || id AS row",
        1,
    ),
    "a voucher's state has no event": (
        "UPDATE voucher SET state = 'void', reserved_fen = 0 RETURNING 'voucher ' || id AS row",
        3,
    ),
    "somebody has left and kept a voucher and a notice": (
        "UPDATE resident SET left_at = created_at, openid = NULL, person_id = NULL, name_sealed = NULL,"
        " id_number_sealed = NULL RETURNING 'resident ' || id AS row",
        2,
    ),
    "a slot counts a booking that is not there": (
        "UPDATE slot SET taken = 1 RETURNING 'slot ' || id AS row",
        1,
    ),
}


@pytest.mark.parametrize("what", BY_HAND)
async def test_what_was_changed_by_hand_is_named(database, noon, library, what):
    drop = await an_open_drop(library, noon)
    await claim(drop.id, await a_resident(noon), library, at=noon)
    await a_slot(noon)
    assert await differences(database, library) == []
    change, broken = BY_HAND[what]

    named = await by_hand(database, change)

    found = await differences(database, library)
    assert any(line.startswith(named) for line in found), found
    assert len(found) == broken, found


async def by_hand(database_url, change):
    """Change something as the owner of the tables, which the service is not; what came back."""
    connection = await asyncpg.connect(database_url)
    try:
        return await connection.fetchval(change)
    finally:
        await connection.close()
