"""Following public money over HTTP: every step of a voucher is there, and nobody's name."""

import json
from datetime import timedelta

import pytest

from miniapi.audit.models import AuditEvent
from miniapi.ids import new_id
from miniapi.money import Fen
from miniapi.redemption.correcting import Price, correct_price
from miniapi.redemption.refunding import refund
from miniapi.settlement.actions import recover
from miniapi.staff.models import StaffRole
from miniapi.vouchers.ending import expire_overdue
from miniapi.vouchers.models import Voucher
from tests.factories.counter import a_clerk, a_counter_quote, a_redemption, a_voucher
from tests.factories.people import KEYS, a_resident
from tests.factories.season import a_drop
from tests.factories.settlement import a_payer, a_settlement
from tests.factories.staff import a_staff

BECAUSE = "同一户重复领取，经核实作废"


@pytest.fixture
async def voucher(database, noon, library):
    return await a_voucher(noon, library)


@pytest.fixture
async def clerk(database, noon):
    return await a_clerk(noon)


@pytest.fixture
async def auditor(database, noon):
    return await a_staff(noon, StaffRole.AUDITOR)


@pytest.fixture
async def bureau(database, noon):
    return await a_staff(noon, StaffRole.BUREAU)


@pytest.fixture
def trail(web, voucher, auditor):
    """The trail of the voucher as the auditor reads it."""

    async def read():
        answer = await web.get(f"/staff/vouchers/{voucher.id}/trail", by=auditor)
        assert answer.status == 200, answer.json
        return answer.json

    return read


def moved(trail):
    """What the transfers of a trail say: the reason, from where, to where, how much."""
    return [
        (
            one["reason"],
            one["entries"][0]["account"],
            one["entries"][1]["account"],
            one["entries"][1]["amount_fen"],
        )
        for one in trail["transfers"]
    ]


class TestTrail:
    async def test_begins_with_the_fund_and_the_claim(self, trail, voucher):
        found = await trail()

        assert moved(found) == [
            ("appropriation", "fund", "pool", 47_500_000),
            ("claim", "pool", "reserved", 100_000),
        ]
        assert found["voucher"] == {
            "id": str(voucher.id),
            "code": voucher.code,
            "state": "issued",
            "region": "yangling",
            "drop": str(voucher.drop_id),
            "rank": 1,
            "issued_at": "2024-09-01T12:00:00+08:00",
            "valid_until": "2024-09-08T23:59:59+08:00",
            "max_fen": 100_000,
            "reserved_fen": 100_000,
            "subsidy_fen": 0,
        }
        assert [event["action"] for event in found["audit"]] == ["voucher.claimed"]
        assert (found["quotes"], found["redemptions"]) == ([], [])

    async def test_goes_on_to_the_shop(self, trail, voucher, clerk, noon, library):
        sold = await a_redemption(noon + timedelta(hours=1), library, voucher=voucher, clerk=clerk)
        settled = await a_settlement(noon + timedelta(hours=2), sold)

        found = await trail()

        assert moved(found)[2:] == [
            ("redemption", "reserved", "payable", 52_000),
            ("redemption", "reserved", "pool", 48_000),
            ("settlement", "payable", "paid", 52_000),
        ]
        assert [event["action"] for event in found["audit"]] == [
            "voucher.claimed",
            "voucher.redeemed",
            "settlement.paid",
        ]
        assert [(one["state"], one["subsidy_fen"]) for one in found["quotes"]] == [("used", 52_000)]
        (redemption,) = found["redemptions"]
        assert redemption["merchant"] == {"id": str(clerk.merchant.id), "name": clerk.merchant.name}
        assert (redemption["state"], redemption["payable_fen"]) == ("settled", 468_000)
        assert redemption["paid"] == {
            "settlement": str(settled.settlement.id),
            "staff": str(settled.settlement.staff_id),
            "amount_fen": 52_000,
            "settled_at": "2024-09-01T14:00:00+08:00",
        }
        assert [event["what"] for event in redemption["events"]] == ["redeemed", "settled"]

    async def test_and_all_the_way_back(self, trail, voucher, clerk, noon, library):
        sold = await a_redemption(noon + timedelta(hours=1), library, voucher=voucher, clerk=clerk)
        price = Price(Fen(400_000), Fen(400_000))
        await correct_price(sold.id, price, "价格写错", clerk, library, at=noon + timedelta(hours=2))
        await a_settlement(noon + timedelta(hours=3), sold)
        await refund(sold.id, "顾客退货", clerk, library, at=noon + timedelta(hours=4))
        await recover(sold.id, "商户已退回", await a_payer(noon), KEYS, at=noon + timedelta(hours=5))
        await expire_overdue(at=voucher.valid_until + timedelta(seconds=1))

        found = await trail()

        assert moved(found)[4:] == [
            ("correction", "payable", "pool", 12_000),
            ("settlement", "payable", "paid", 40_000),
            ("refund", "paid", "clawback", 40_000),
            ("reissue", "pool", "reserved", 100_000),
            ("recovery", "clawback", "pool", 40_000),
            ("expiry", "reserved", "pool", 100_000),
        ]
        assert [one["state"] for one in found["history"]] == [
            "issued",
            "redeemed",
            "redeemed",
            "issued",
            "expired",
        ]
        assert [event["action"] for event in found["audit"]] == [
            "voucher.claimed",
            "voucher.redeemed",
            "redemption.corrected",
            "settlement.paid",
            "redemption.refunded",
            "redemption.recovered",
            "voucher.expired",
        ]
        assert found["redemptions"][0]["owed_fen"] == 40_000
        assert found["redemptions"][0]["recovered_at"] == "2024-09-01T17:00:00+08:00"

    async def test_says_who_moved_the_money_by_which_request(self, web, noon, library, auditor):
        await a_voucher(noon, library)
        drop = (await web.get("/drops?region=yangling")).json["items"][0]["id"]
        resident = await a_resident(noon)
        claimed = await web.post(f"/drops/{drop}/claims", by=resident)

        found = await web.get(f"/staff/vouchers/{claimed.json['voucher']['id']}/trail", by=auditor)

        who = [(one["reason"], one["actor"], one["request"]) for one in found.json["transfers"]]
        assert who == [
            ("appropriation", "operator:demo", None),
            ("claim", f"resident:{resident.id}", claimed.headers["X-Request-ID"]),
        ]

    async def test_is_of_one_voucher_alone(self, trail, clerk, noon, library):
        other = await a_redemption(noon, library, clerk=clerk)

        found = json.dumps(await trail())

        assert str(other.id) not in found
        assert str(other.voucher_id) not in found

    async def test_names_nobody(self, trail, voucher, clerk, noon, library):
        await a_redemption(noon, library, voucher=voucher, clerk=clerk)

        found = json.dumps(await trail(), ensure_ascii=False)

        assert "王小明" not in found
        assert str(voucher.person_id) not in found

    async def test_of_nothing_is_not_found(self, web, auditor):
        answer = await web.get(f"/staff/vouchers/{new_id()}/trail", by=auditor)

        assert (answer.status, answer.json["code"]) == (404, "not_found")


class TestVouchers:
    @pytest.fixture
    async def three(self, database, voucher, noon, library):
        """Vouchers of three states, from the oldest: redeemed, lapsed before any job saw it, issued."""
        drop = await voucher.drop
        later = await a_drop(await drop.programme, noon - timedelta(hours=1))
        sold = await a_redemption(noon, library, voucher=voucher)
        lapsed = await a_voucher(noon, library, drop)
        await Voucher.filter(id=lapsed.id).update(
            issued_at=noon - timedelta(hours=1), valid_until=noon - timedelta(minutes=1)
        )
        last = await a_voucher(noon, library, later)
        return [str(sold.voucher_id), str(lapsed.id), str(last.id)]

    @pytest.mark.parametrize(
        ("asked", "places"),
        [
            ("", [2, 1, 0]),
            ("region=yangling", [2, 1, 0]),
            ("region=qingzhou", []),
            ("state=redeemed", [0]),
            ("state=expired", [1]),
            ("region=yangling&state=issued", [2]),
            ("state=void", []),
        ],
    )
    async def test_are_found_by_region_and_state(self, web, auditor, three, asked, places):
        answer = await web.get(f"/staff/vouchers?{asked}", by=auditor)

        assert [one["id"] for one in answer.json["items"]] == [three[place] for place in places]

    async def test_are_found_by_code_however_it_is_typed(self, web, auditor, three):
        code = (await Voucher.get(id=three[1])).code

        answer = await web.get(f"/staff/vouchers?code={code.lower()}", by=auditor)

        assert [one["id"] for one in answer.json["items"]] == [three[1]]

    async def test_come_page_by_page(self, web, auditor, three):
        first = (await web.get("/staff/vouchers?limit=2", by=auditor)).json
        rest = (await web.get(f"/staff/vouchers?limit=2&cursor={first['next_cursor']}", by=auditor)).json

        assert [one["id"] for one in first["items"] + rest["items"]] == three[::-1]
        assert rest["next_cursor"] is None

    async def test_of_an_unknown_region_are_refused(self, web, auditor):
        answer = await web.get("/staff/vouchers?region=atlantis", by=auditor)

        assert (answer.status, answer.json["code"]) == (422, "region_unknown")


class TestLedger:
    async def test_shows_each_transfer_of_a_book_once_with_both_sides(self, web, auditor, voucher):
        answer = await web.get("/staff/ledger?book=test", by=auditor)

        claimed, given = answer.json["items"]
        assert claimed == {
            "id": claimed["id"],
            "key": f"voucher:{voucher.id}:reserve",
            "reason": "claim",
            "at": "2024-09-01T12:00:00+08:00",
            "entries": [
                {"account": "pool", "amount_fen": -100_000},
                {"account": "reserved", "amount_fen": 100_000},
            ],
        }
        assert given["key"] == "test:appropriation"

    async def test_comes_page_by_page(self, web, auditor, voucher, noon, library):
        await a_voucher(noon, library)

        first = (await web.get("/staff/ledger?book=test&limit=2", by=auditor)).json
        rest = (
            await web.get(f"/staff/ledger?book=test&limit=2&cursor={first['next_cursor']}", by=auditor)
        ).json

        reasons = [one["reason"] for one in first["items"] + rest["items"]]
        assert reasons == ["claim", "claim", "appropriation"]
        assert rest["next_cursor"] is None

    async def test_of_another_book_has_nothing_of_this(self, web, auditor, voucher):
        answer = await web.get("/staff/ledger?book=another", by=auditor)

        assert answer.json["items"] == []

    async def test_wants_a_book(self, web, auditor):
        answer = await web.get("/staff/ledger", by=auditor)

        assert (answer.status, answer.json["errors"][0]["field"]) == (422, "book")


class TestVoid:
    async def test_takes_a_voucher_back(self, web, voucher, bureau):
        answer = await web.post(f"/staff/vouchers/{voucher.id}/void", by=bureau, reason=BECAUSE)

        assert answer.status == 200
        assert (answer.json["state"], answer.json["reserved_fen"]) == ("void", 0)
        owned = await web.get(f"/vouchers/{voucher.id}", by=await voucher.resident)
        assert owned.json["state"] == "void"
        assert BECAUSE in owned.json["history"][-1]["note"]

    async def test_is_on_record_with_its_request(self, web, voucher, bureau):
        answer = await web.post(f"/staff/vouchers/{voucher.id}/void", by=bureau, reason=BECAUSE)

        event = await AuditEvent.get(action="voucher.voided")
        assert (event.actor, event.reason) == (f"staff:{bureau.id}", BECAUSE)
        assert event.request == answer.headers["X-Request-ID"]

    async def test_stops_a_sale_that_was_quoted(self, web, voucher, bureau, clerk, noon, library):
        quoted = await a_counter_quote(voucher, clerk, library, at=noon)
        await web.post(f"/staff/vouchers/{voucher.id}/void", by=bureau, reason=BECAUSE)

        sale = {"brand": "示例牌", "model": "BCD-500", "serial_number": "SN1", "invoice_number": "1"}
        answer = await web.post(
            "/merchant/redemptions",
            by=clerk.account,
            quote=str(quoted.quote.id),
            **sale,
            invoice_fen=520_000,
            trade_in={"declared": True},
        )

        assert answer.status == 409

    async def test_of_one_that_has_ended_is_refused(self, web, voucher, bureau):
        path = f"/staff/vouchers/{voucher.id}/void"
        await web.post(path, by=bureau, reason=BECAUSE)

        answer = await web.post(path, by=bureau, reason=BECAUSE)

        assert (answer.status, answer.json["code"], answer.json["state"]) == (409, "voucher_ended", "void")

    async def test_of_none_is_not_found(self, web, bureau):
        answer = await web.post(f"/staff/vouchers/{new_id()}/void", by=bureau, reason=BECAUSE)

        assert answer.status == 404

    @pytest.mark.parametrize("reason", ["短", "长" * 121])
    async def test_needs_a_reason(self, web, voucher, bureau, reason):
        answer = await web.post(f"/staff/vouchers/{voucher.id}/void", by=bureau, reason=reason)

        assert (answer.status, answer.json["errors"][0]["field"]) == (422, "reason")

    async def test_for_the_longest_reason_there_may_be(self, web, voucher, bureau):
        answer = await web.post(f"/staff/vouchers/{voucher.id}/void", by=bureau, reason="长" * 120)

        assert answer.status == 200
