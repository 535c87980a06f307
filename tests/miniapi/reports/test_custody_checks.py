"""Every rule of custody that is broken by hand is found, with the row named, and no other."""

import pytest

from miniapi.reports.audit import differences
from miniapi.reports.custody_checks import CUSTODY
from tests.factories.custody import a_dismantled
from tests.miniapi.reports.test_audit import by_hand, rules_of
from tests.miniapi.reports.test_visit_checks import AS_AGREED, STEP_BY_STEP

IN_ORDER = "what was collected went from hand to hand in order, as far as its booking says"
AS_BOOKED = "things come to a crew and its station as that crew's booking says, weight included"
LICENSED = "nobody takes anything over but with a licence on record, good on that day"
CERTIFIED = "everything dismantled has its certificate, issued then, and nothing else has one"
IN_TURN = "nothing was done, as a phone tells it later, before what its booking had come to"

BY_HAND = {
    "a crew arrived before it set out": (
        {IN_TURN},
        "UPDATE pickup_event SET done_at = done_at - interval '1 minute' WHERE what = 'arrived'",
        "SELECT 'pickup ' || number FROM pickup",
    ),
    "the last hand-over is gone": (
        {IN_ORDER},
        "DELETE FROM handover WHERE hand = 'dismantler'",
        "SELECT 'pickup ' || number FROM pickup",
    ),
    "a booking says more than was done": (
        {IN_ORDER, STEP_BY_STEP, AS_AGREED},
        "INSERT INTO pickup SELECT (jsonb_populate_record(p, jsonb_build_object("
        "'id', gen_random_uuid(), 'number', '0000000000', 'state', 'received'))).* FROM pickup p",
        "UPDATE slot SET taken = taken + 1",
        "UPDATE shift SET taken = taken + 1",
        "SELECT 'pickup 0000000000'",
    ),
    "a booking is set back": (
        {IN_ORDER, CERTIFIED},
        "UPDATE pickup SET state = 'collected' RETURNING 'pickup ' || number",
    ),
    "hands are in no order": (
        {IN_ORDER},
        "UPDATE handover SET done_at = done_at - interval '1 hour' WHERE hand = 'station'",
        "SELECT 'pickup ' || number FROM pickup",
    ),
    "the weight is another": (
        {AS_BOOKED},
        "UPDATE handover SET weight_grams = weight_grams + 1 WHERE hand = 'crew'",
        "SELECT 'pickup ' || number FROM pickup",
    ),
    "another recycler's station took it in": (
        {AS_BOOKED, LICENSED},
        "UPDATE handover SET merchant_id = (SELECT id FROM merchant WHERE kind = 'dismantler')"
        " WHERE hand = 'station'",
        "SELECT 'pickup ' || number FROM pickup",
    ),
    "a licence had expired": (
        {LICENSED},
        "ALTER TABLE handover DROP CONSTRAINT licence_was_good",
        "UPDATE licence SET valid_until = '2024-08-31'",
        "UPDATE handover SET licence_valid_until = '2024-08-31' WHERE hand = 'crew'",
        "SELECT 'handover ' || id FROM handover WHERE hand = 'crew'",
    ),
    "a licence was made up": (
        {LICENSED},
        "UPDATE handover SET licence_number = '123' WHERE hand = 'dismantler' RETURNING 'handover ' || id",
    ),
    "a licence was left out": (
        {LICENSED},
        "UPDATE handover SET (licence_number, licence_valid_until) = (NULL, NULL)"
        " WHERE hand = 'crew' RETURNING 'handover ' || id",
    ),
    "a licence came later": (
        {LICENSED},
        "UPDATE licence SET added_at = '2025-01-01' WHERE kind = 'dismantling'",
        "SELECT 'handover ' || id FROM handover WHERE hand = 'dismantler'",
    ),
    "a certificate is gone": (
        {CERTIFIED},
        "DELETE FROM certificate",
        "SELECT 'pickup ' || number FROM pickup",
    ),
    "a certificate is of another time": (
        {CERTIFIED},
        "UPDATE certificate SET issued_at = issued_at + interval '1 second'",
        "SELECT 'pickup ' || number FROM pickup",
    ),
}


@pytest.mark.parametrize("what", BY_HAND)
async def test_what_was_changed_by_hand_is_named(database, noon, library, what):
    await a_dismantled(noon)
    assert await differences(database, library) == []
    broken, *statements = BY_HAND[what]

    named = await by_hand(database, *statements)

    found = await differences(database, library)
    assert any(line.startswith(f"{named}") for line in found), found
    assert rules_of(found) == broken


async def test_what_was_collected_before_licences_were_kept_is_no_difference(database, noon, library):
    await a_dismantled(noon)

    await by_hand(
        database,
        "UPDATE handover SET (licence_number, licence_valid_until) = (NULL, NULL) WHERE hand = 'crew'",
        "UPDATE licence SET added_at = added_at + interval '1 year' WHERE kind = 'recycling'",
        "UPDATE handover SET (done_at, at) = (done_at + interval '1 year', at + interval '1 year')"
        " WHERE hand <> 'crew'",
        "UPDATE certificate SET issued_at = issued_at + interval '1 year'",
    )

    assert await differences(database, library) == []


def test_every_rule_is_broken_here():
    broken = set().union(*(broken for broken, *_ in BY_HAND.values()))

    assert broken - {STEP_BY_STEP, AS_AGREED} == {check.rule for check in CUSTODY}
