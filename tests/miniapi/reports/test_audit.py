"""Every rule that is broken by hand is found, with the row named, and no other than what was broken."""

import re
from dataclasses import replace
from datetime import date, timedelta

import asyncpg
import pytest

from faq.packs import Library
from faq.rules import Rules
from miniapi.money import Fen
from miniapi.programmes.actions import grant
from miniapi.programmes.models import Programme
from miniapi.redemption.correcting import Price, correct_price
from miniapi.redemption.refunding import refund
from miniapi.redemption.reviewing import review
from miniapi.reports.audit import differences
from miniapi.reports.checks import BY_POLICY, CHECKS
from miniapi.settlement.actions import recover
from miniapi.vouchers.models import Voucher
from tests.factories.counter import a_clerk, a_counter_quote, a_redemption, a_shop, a_voucher
from tests.factories.people import KEYS
from tests.factories.reviewing import a_reviewer
from tests.factories.season import an_open_drop
from tests.factories.settlement import a_payer, a_settlement
from tests.factories.slots import a_slot

RULES = {check.rule for check in (*CHECKS, *BY_POLICY)}

TWO_ENTRIES = "a transfer's two entries add up to nothing"
BALANCE = "a balance is the sum of its entries"
ABOVE_ZERO = "no account is below zero"
SOURCES = "what the sources gave is pool, reserved, payable, paid and clawback together"
GRANT = "the province gave its grant's share of what is kept, and once it is known nothing is unattributed"
GIVEN = "a source gives what was appropriated, once and on record, and passes on by a grant or as unspent"
UNSPENT = "what is unspent goes back to its sources when the programme is over"
ALL_RESERVED = "a programme's reserved account is the sum of its vouchers' reserves"
MOVED_FOR_VOUCHER = "a voucher's reserve is what the ledger moved for it"
HOLDS = "an issued voucher holds its whole reserve, and no other holds any"
ISSUED = "a drop has issued as many vouchers as there are, ranked from one, within its quota"
IN_TIME = "a voucher is issued while its drop lasts"
ONE_EACH = "a person has one voucher of a drop"
BY_LOT = "a voucher of a lottery is of somebody whom the draw let win"
LAST_EVENT = "a voucher's last event is its state"
REDEEMED_ONCE = "a voucher is redeemed by one redemption that was not refunded, for the same subsidy"
PROMISED = "only an issued voucher is promised at a counter, and no more than it is worth"
AS_QUOTED = "a redemption is what its quote promised, or less, and a used quote has its redemption"
FACE = "nothing is redeemed before its voucher, after its face or outside the programme"
EVENTS = "a redemption's events are its state, and the last one its subsidy"
OWED = "what is payable, paid and to be given back is what the redemptions say"
MOVED_FOR_REDEMPTION = "what the ledger moved for a redemption is what it says"
SETTLED_ONCE = "a redemption that was settled is a line of one settlement of its shop, with its subsidy"
LINES = "a settlement is the sum of its lines"
LEFT = "nothing is issued to, booked for or owed to somebody who has left"
PLACES = "a slot has as many places taken as bookings and holds"
SHIFTS = "a slot has the places of its shifts"
ACCEPTED = "a crew has accepted as many bookings of a slot as its shift says"
ITEM_CAP = "a voucher is worth at most what an item may get on its day"
SHARE = "a subsidy is at most the share of the price and what an item may get, on the day of the quote"
PERSON_CAP = "a person keeps and has reserved at most what a person may get of a programme"

# statements of the tables' owner; the last one returns what the audit must name
BY_HAND = {
    "an entry is changed": (
        {TWO_ENTRIES, BALANCE, MOVED_FOR_VOUCHER},
        "UPDATE entry SET amount = amount + 1 FROM transfer t JOIN voucher v ON t.key = 'voucher:' ||"
        " v.id || ':reserve'"
        " WHERE t.id = transfer_id AND amount > 0 AND v.code = 'WAITING' RETURNING 'transfer ' || t.key",
    ),
    "an entry is gone": (
        {TWO_ENTRIES, BALANCE},
        "DELETE FROM entry USING transfer t JOIN voucher v ON t.key = 'voucher:' || v.id || ':reserve'"
        " WHERE t.id = transfer_id AND amount < 0 AND v.code = 'WAITING' RETURNING 'transfer ' || t.key",
    ),
    "a transfer has no entries": (
        {TWO_ENTRIES},
        "INSERT INTO transfer (id, key, reason, at) VALUES (gen_random_uuid(), 'test:x', 'x', '2024-09-01')"
        " RETURNING 'transfer ' || key",
    ),
    "a balance is changed": (
        {BALANCE, SOURCES},
        "UPDATE account SET balance = balance + 1 WHERE name = 'pool' RETURNING 'account test/pool'",
    ),
    "two balances are changed": (
        {BALANCE, OWED},
        "UPDATE account SET balance = balance + 1 WHERE name = 'pool'",
        "UPDATE account SET balance = balance - 1 WHERE name = 'paid' RETURNING 'account test/paid'",
    ),
    "an account is below zero": (
        {ABOVE_ZERO, BALANCE, SOURCES, GRANT},
        "ALTER TABLE account DROP CONSTRAINT never_overdrawn",
        "UPDATE account SET balance = -1 WHERE name = 'fund' RETURNING 'account test/fund'",
    ),
    "the province gave another sum": (
        {GRANT},
        "UPDATE programme SET province_fen = province_fen + 1 RETURNING 'account test/province'",
    ),
    "the grant is forgotten": (
        {GRANT},
        "UPDATE programme SET province_fen = NULL RETURNING 'account test/zone'",
    ),
    "a source gave beside the appropriation": (
        {GIVEN},
        "UPDATE transfer SET key = 'test:more:' || key WHERE key LIKE 'test:grant:%'"
        " RETURNING 'transfer ' || key",
    ),
    "more was appropriated than is on record": (
        {GIVEN, TWO_ENTRIES, BALANCE, GRANT},
        "UPDATE entry SET amount = amount + 1 FROM transfer t WHERE t.id = transfer_id"
        " AND t.key = 'test:appropriation' AND amount > 0 RETURNING 'programme test'",
    ),
    "the unspent went back before the end": (
        {UNSPENT},
        "UPDATE transfer SET reason = 'unspent' WHERE key = 'test:appropriation'"
        " RETURNING 'transfer ' || key",
    ),
    "a reserve is changed": (
        {ALL_RESERVED, MOVED_FOR_VOUCHER, HOLDS},
        "UPDATE voucher SET reserved_fen = 1 WHERE code = 'WAITING' RETURNING 'voucher ' || id",
    ),
    "a voucher is worth more than is reserved for it": (
        {HOLDS, ITEM_CAP},
        "UPDATE voucher SET max_fen = 100001 WHERE code = 'WAITING' RETURNING 'voucher ' || id",
    ),
    "the reserves of two vouchers are exchanged": (
        {MOVED_FOR_VOUCHER},
        "UPDATE transfer SET key = 'voucher:' || (SELECT id FROM voucher WHERE code = 'OPEN') || ':x'"
        " FROM voucher v WHERE key = 'voucher:' || v.id || ':reserve' AND v.code = 'WAITING'"
        " RETURNING 'voucher ' || v.id",
    ),
    "a reserve was moved for a voucher that is not there": (
        {MOVED_FOR_VOUCHER},
        "UPDATE transfer SET key = 'voucher:nobody:reserve' FROM voucher v"
        " WHERE key = 'voucher:' || v.id || ':reserve' AND v.code = 'WAITING' RETURNING 'voucher nobody'",
    ),
    "a drop counts one voucher too many": (
        {ISSUED},
        "UPDATE \"drop\" SET issued = issued + 1 RETURNING 'drop ' || id",
    ),
    "a drop issued beyond its quota": (
        {ISSUED},
        'ALTER TABLE "drop" DROP CONSTRAINT never_more_than_the_quota',
        "UPDATE \"drop\" SET quota = 1 RETURNING 'drop ' || id",
    ),
    "a rank was left out": (
        {ISSUED},
        "UPDATE voucher SET rank = 99 WHERE code = 'WAITING' RETURNING 'drop ' || drop_id",
    ),
    "a voucher was issued before its drop": (
        {IN_TIME},
        "UPDATE voucher SET issued_at = issued_at - interval '3 hours' WHERE code = 'WAITING'"
        " RETURNING 'voucher ' || id",
    ),
    "a person has two vouchers of a drop": (
        {ONE_EACH},
        "ALTER TABLE voucher DROP CONSTRAINT one_voucher_per_person",
        "UPDATE voucher SET person_id = (SELECT person_id FROM voucher WHERE code = 'OPEN')"
        " WHERE code = 'WAITING' RETURNING 'person ' || person_id",
    ),
    "a voucher of a lottery was given past the draw": (
        {BY_LOT},
        "UPDATE \"drop\" SET mode = 'lottery', draws_at = opens_at + interval '1 hour',"
        " seed_commitment = repeat('0', 64), seed_sealed = 'x'"
        " WHERE id = (SELECT drop_id FROM voucher WHERE code = 'WAITING')"
        " RETURNING (SELECT 'voucher ' || id FROM voucher WHERE code = 'WAITING')",
    ),
    "a voucher's state has no event": (
        {LAST_EVENT, ALL_RESERVED, MOVED_FOR_VOUCHER},
        "UPDATE voucher SET state = 'void', reserved_fen = 0 WHERE code = 'WAITING'"
        " RETURNING 'voucher ' || id",
    ),
    "a voucher has no history": (
        {LAST_EVENT},
        "DELETE FROM voucher_event WHERE voucher_id = (SELECT id FROM voucher WHERE code = 'WAITING')"
        " RETURNING 'voucher ' || voucher_id",
    ),
    "a voucher says another subsidy than its redemption": (
        {REDEEMED_ONCE},
        "UPDATE voucher SET subsidy_fen = subsidy_fen - 1 WHERE code = 'SOLD' RETURNING 'voucher ' || id",
    ),
    "a redemption is another voucher's": (
        {REDEEMED_ONCE, AS_QUOTED},
        "UPDATE redemption SET voucher_id = (SELECT id FROM voucher WHERE code = 'WAITING')"
        " WHERE id = {SOLD} RETURNING (SELECT 'voucher ' || id FROM voucher WHERE code = 'SOLD')",
    ),
    "more is promised than a voucher is worth": (
        {PROMISED},
        "UPDATE counter_quote SET price_fen = 2000000, subsidy_fen = 100001 WHERE state = 'open'"
        " RETURNING 'quote ' || id",
    ),
    "a voucher that is used up is promised": (
        {PROMISED},
        "UPDATE counter_quote SET voucher_id = (SELECT id FROM voucher WHERE code = 'SOLD')"
        " WHERE state = 'open' RETURNING 'quote ' || id",
    ),
    "something else was sold than was quoted": (
        {AS_QUOTED},
        "UPDATE redemption SET category = 'tv' WHERE id = {SOLD} RETURNING 'redemption ' || id",
    ),
    "it was sold for more than was quoted": (
        {AS_QUOTED},
        "UPDATE redemption SET price_fen = 520001 WHERE id = {CORRECTED} RETURNING 'redemption ' || id",
    ),
    "it was sold for less than was quoted, and nobody corrected it": (
        {AS_QUOTED},
        "UPDATE counter_quote SET price_fen = price_fen + 1"
        " WHERE id = (SELECT quote_id FROM redemption WHERE id = {SOLD})"
        " RETURNING (SELECT 'redemption ' || id FROM redemption WHERE quote_id = counter_quote.id)",
    ),
    "a quote was used and nothing sold": (
        {AS_QUOTED},
        "UPDATE counter_quote SET state = 'used' WHERE state = 'open' RETURNING 'quote ' || id",
    ),
    "something was sold after the voucher's face": (
        {FACE},
        "UPDATE redemption SET redeemed_at = '2024-09-09 00:00 Asia/Shanghai' WHERE id = {SOLD}"
        " RETURNING 'redemption ' || id",
    ),
    "a redemption's last event says another subsidy": (
        {EVENTS},
        "UPDATE redemption_event SET subsidy_fen = 1 WHERE redemption_id = {SOLD}"
        " RETURNING 'redemption ' || redemption_id",
    ),
    "the event of a settlement is gone": (
        {EVENTS},
        "DELETE FROM redemption_event WHERE redemption_id = {PAID} AND what = 'settled'"
        " RETURNING 'redemption ' || redemption_id",
    ),
    "a redemption has no history": (
        {EVENTS},
        "DELETE FROM redemption_event WHERE redemption_id = {SOLD} RETURNING 'redemption ' || redemption_id",
    ),
    "what was recovered is owed again": (
        {OWED, MOVED_FOR_REDEMPTION, EVENTS},
        "UPDATE redemption SET recovered_at = NULL WHERE id = {RECOVERED} RETURNING 'account test/clawback'",
    ),
    "what is payable for one redemption was moved for another": (
        {MOVED_FOR_REDEMPTION},
        "UPDATE transfer SET key = replace(key, {SOLD}::text, {PAID}::text)"
        " WHERE key LIKE '%:payable:' || {SOLD}"
        " RETURNING 'redemption ' || {SOLD}",
    ),
    "money was paid for a redemption that is not there": (
        {MOVED_FOR_REDEMPTION},
        "UPDATE transfer SET key = 'redemption:nobody:settlement'"
        " WHERE key = 'redemption:' || {PAID} || ':settlement'"
        " RETURNING 'redemption nobody'",
    ),
    "a line of a settlement is gone": (
        {SETTLED_ONCE, LINES},
        "DELETE FROM settlement_line WHERE redemption_id = {PAID} RETURNING 'redemption ' || redemption_id",
    ),
    "a settlement is another shop's": (
        {SETTLED_ONCE},
        "UPDATE settlement SET merchant_id = (SELECT id FROM merchant WHERE name = 'elsewhere')"
        " WHERE id = (SELECT settlement_id FROM settlement_line WHERE redemption_id = {PAID})"
        " RETURNING 'redemption ' || {PAID}",
    ),
    "a rejection is forgotten": (
        {EVENTS},
        "UPDATE redemption_event SET what = 'accepted' WHERE redemption_id = {REFUSED}"
        " AND what = 'rejected' RETURNING 'redemption ' || redemption_id",
    ),
    "a settlement paid more than its lines": (
        {LINES},
        "UPDATE settlement SET amount_fen = amount_fen + 1"
        " WHERE id = (SELECT settlement_id FROM settlement_line WHERE redemption_id = {PAID})"
        " RETURNING 'settlement ' || id",
    ),
    "somebody has left and kept a voucher and a notice": (
        {LEFT},
        "UPDATE resident SET left_at = created_at, openid = NULL, person_id = NULL, name_sealed = NULL,"
        " id_number_sealed = NULL WHERE id = (SELECT resident_id FROM voucher WHERE code = 'WAITING')"
        " RETURNING 'resident ' || id",
    ),
    "a slot counts a booking that is not there": (
        {PLACES},
        "UPDATE slot SET taken = 1 RETURNING 'slot ' || id",
    ),
    "a shift has more places than its slot": (
        {SHIFTS},
        "UPDATE shift SET capacity = capacity + 1 RETURNING 'slot ' || slot_id",
    ),
    "a shift counts a booking that nobody accepted": (
        {ACCEPTED},
        "UPDATE shift SET taken = 1 RETURNING 'slot ' || slot_id || ', crew ' || crew_id",
    ),
    "a voucher is worth more than an item may get": (
        {ITEM_CAP},
        "UPDATE voucher SET max_fen = 100001 WHERE code = 'SOLD' RETURNING 'voucher ' || id",
    ),
    "a subsidy is more than the share of the price": (
        {SHARE},
        "UPDATE counter_quote SET price_fen = 519999"
        " WHERE id = (SELECT quote_id FROM redemption WHERE id = {SOLD})",
        "UPDATE redemption SET price_fen = 519999 WHERE id = {SOLD} RETURNING 'redemption ' || id",
    ),
    "a person has more than a person may get": (
        {PERSON_CAP, ONE_EACH},
        "ALTER TABLE voucher DROP CONSTRAINT one_voucher_per_person",
        "UPDATE voucher SET person_id = (SELECT person_id FROM voucher WHERE code = 'OPEN')"
        " RETURNING 'person ' || person_id",
    ),
}


@pytest.fixture
async def season(database, noon, library):
    """Vouchers of every state and redemptions of every fate; the redemptions by what is said of them."""
    drop = await an_open_drop(library, noon)
    programme = await Programme.get(id=drop.programme_id)
    await grant(programme, Fen(10_000_001), library.packs["yangling"], at=noon)
    await programme.save()
    clerk, payer = await a_clerk(noon), await a_payer(noon)
    for name in ("WAITING", "OPEN"):
        voucher = await a_voucher(noon, library, drop)
        await Voucher.filter(id=voucher.id).update(code=name)
    await a_counter_quote(await Voucher.get(code="OPEN"), clerk, library, at=noon)
    names = ("SOLD", "PAID", "RETURNED", "OWING", "RECOVERED", "CORRECTED", "REFUSED")
    sold = {name: await a_redemption(noon, library, clerk=clerk) for name in names}
    for name, redemption in sold.items():
        await Voucher.filter(id=redemption.voucher_id).update(code=name)
    await a_settlement(noon, sold["PAID"], sold["OWING"], sold["RECOVERED"], sold["REFUSED"])
    for name in ("RETURNED", "OWING", "RECOVERED"):
        await refund(sold[name].id, "顾客退货", clerk, library, at=noon)
    await recover(sold["RECOVERED"].id, "商户已退回", payer, KEYS, at=noon)
    await review(sold["REFUSED"].id, "发票是假的", await a_reviewer(noon), KEYS, accepted=False, at=noon)
    await correct_price(
        sold["CORRECTED"].id, Price(Fen(400_000), Fen(400_000)), "价格写错", clerk, library, at=noon
    )
    await a_slot(noon)
    await a_shop("elsewhere")
    return sold


@pytest.mark.parametrize("what", BY_HAND)
async def test_what_was_changed_by_hand_is_named(database, season, library, what):
    assert await differences(database, library) == []
    broken, *statements = BY_HAND[what]
    ids = {name: f"'{redemption.id}'" for name, redemption in season.items()}

    named = await by_hand(database, *(statement.format(**ids) for statement in statements))

    found = await differences(database, library)
    assert any(line.startswith(f"{named}") for line in found), found
    assert rules_of(found) == broken


def test_every_rule_is_broken_here():
    assert set().union(*(broken for broken, *_ in BY_HAND.values())) == RULES


class TestVersions:
    """A rule that changes: what was given before keeps what held then."""

    async def test_lower_caps_do_not_touch_what_was_given_before(self, database, season, library, noon):
        later = with_caps(library, noon.date() + timedelta(days=1), item=500, person=1000, percent=5)

        assert await differences(database, later) == []

    async def test_lower_caps_hold_from_their_day(self, database, season, library, noon):
        today = with_caps(library, noon.date(), item=500, person=900, percent=5)

        assert rules_of(await differences(database, today)) == {ITEM_CAP, SHARE, PERSON_CAP}

    async def test_a_day_begins_in_shanghai(self, database, season, library, noon):
        changed = with_caps(library, date(2024, 9, 1), item=500, person=3000, percent=10)
        await by_hand(
            database,
            "UPDATE voucher SET issued_at = '2024-09-01 00:00 Asia/Shanghai' WHERE code = 'OPEN'",
            "UPDATE voucher SET issued_at = '2024-08-31 23:59:59 Asia/Shanghai' WHERE code = 'WAITING'",
        )

        found = "\n".join(await differences(database, changed))

        assert "(OPEN): worth 100000" in found
        assert "(WAITING): worth" not in found


def with_caps(library, since, *, item, person, percent):
    """The packs with Yangling's subsidies changed from a day on."""
    pack = library.packs["yangling"]
    old = pack.rules.subsidies[-1]
    new = replace(old, since=since, item_cap_yuan=item, person_cap_yuan=person, percent=percent)
    rules = Rules(subsidies=[replace(old, until=since), new])
    packs = {**library.packs, "yangling": replace(pack, rules=rules)}
    return Library(packs, library.categories, library.vocabulary)


def rules_of(lines):
    """Which rules these differences break."""
    return {found[1] for line in lines if (found := re.search(r"\(rule: (.*)\)$", line))}


async def by_hand(database_url, *statements):
    """Change something as the owner of the tables, which the service is not; what came back at last."""
    connection = await asyncpg.connect(database_url)
    try:
        for statement in statements:
            returned = await connection.fetchval(statement)
        return returned
    finally:
        await connection.close()
