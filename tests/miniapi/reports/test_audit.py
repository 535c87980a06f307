"""Every money rule that is broken by hand is found, with the row named."""

import pytest

from miniapi.database import sql
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

    named = (await sql.rows(change))[0]["row"]

    found = await differences(database, library)
    assert any(line.startswith(named) for line in found), found
    assert len(found) == broken, found
