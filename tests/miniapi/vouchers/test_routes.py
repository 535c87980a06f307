import asyncio
from collections import Counter
from datetime import timedelta

import pytest

from miniapi import clock
from miniapi.drops.models import Drop
from miniapi.ids import new_id
from miniapi.vouchers.models import Voucher, VoucherState
from tests.factories.people import a_resident
from tests.factories.season import a_drop, an_open_drop


@pytest.fixture
def claimed(web, noon, library):
    """A voucher of somebody, and its drop."""

    async def claim(resident, *, quota=100):
        drop = await an_open_drop(library, noon, quota=quota)
        answer = await web.post(f"/drops/{drop.id}/claims", by=resident)
        assert answer.status == 201, answer.json
        return answer.json["voucher"], drop

    return claim


class TestClaim:
    async def test_gives_a_voucher_and_its_rank(self, web, noon, library):
        drop = await an_open_drop(library, noon)

        answer = await web.post(f"/drops/{drop.id}/claims", by=await a_resident(noon))

        kept = await Voucher.get()
        assert answer.status == 201
        assert answer.json == {
            "voucher": {
                "id": str(kept.id),
                "code": kept.code,
                "state": "issued",
                "region": "yangling",
                "drop": str(drop.id),
                "issued_at": "2024-09-01T12:00:00+08:00",
                "valid_until": "2024-09-08T23:59:59+08:00",
                "max_fen": 100_000,
                "history": [{"state": "issued", "at": "2024-09-01T12:00:00+08:00", "note": "领取成功"}],
            },
            "rank": 1,
        }

    async def test_the_last_one_goes_to_one_of_a_crowd(self, web, noon, library):
        drop = await an_open_drop(library, noon, quota=1)
        crowd = [await a_resident(noon) for _ in range(64)]

        answers = await asyncio.gather(*(web.post(f"/drops/{drop.id}/claims", by=one) for one in crowd))

        assert Counter(answer.json.get("code", answer.status) for answer in answers) == {
            201: 1,
            "drop_sold_out": 63,
        }
        assert (await Voucher.get()).rank == (await Drop.get(id=drop.id)).issued == 1

    async def test_is_refused_in_the_promised_order(self, web, noon, library):
        drop = await an_open_drop(library, noon, quota=1)
        stranger, first, late = (
            await a_resident(noon, verified=False),
            await a_resident(noon),
            await a_resident(noon),
        )

        async def claiming(by, path=f"/drops/{drop.id}/claims"):
            answer = await web.post(path, by=by)
            return answer.status, answer.json.get("code")

        assert await claiming(None, f"/drops/{new_id()}/claims") == (401, "not_signed_in")
        assert await claiming(stranger, f"/drops/{new_id()}/claims") == (404, "not_found")
        clock.stand_still(drop.opens_at - timedelta(microseconds=1))
        assert await claiming(stranger) == (403, "identity_required")
        assert await claiming(first) == (409, "drop_not_open")
        clock.stand_still(drop.opens_at)
        assert await claiming(first) == (201, None)
        assert await claiming(first) == (409, "already_claimed")
        assert await claiming(late) == (409, "drop_sold_out")
        clock.stand_still(drop.closes_at)
        assert await claiming(late) == (409, "drop_not_open")

    async def test_the_personal_limit_comes_before_sold_out(self, web, noon, claimed):
        resident = await a_resident(noon)
        _, first = await claimed(resident)
        programme = await first.programme
        drops = [await a_drop(programme, noon - timedelta(minutes=n), quota=1) for n in (1, 2, 3)]
        for drop in drops[:2]:
            assert (await web.post(f"/drops/{drop.id}/claims", by=resident)).status == 201
        await Drop.filter(id=drops[2].id).update(issued=1)

        answer = await web.post(f"/drops/{drops[2].id}/claims", by=resident)

        assert (answer.status, answer.json["code"]) == (409, "personal_limit_reached")
        assert "3000" in answer.json["title"]


class TestWallet:
    async def test_holds_ones_own_vouchers_only(self, web, noon, claimed):
        owner, stranger = await a_resident(noon), await a_resident(noon)
        voucher, _ = await claimed(owner)

        mine = await web.get(f"/vouchers/{voucher['id']}", by=owner)
        theirs = await web.get(f"/vouchers/{voucher['id']}", by=stranger)

        assert (mine.status, mine.json) == (200, voucher)
        assert (theirs.status, theirs.json["code"]) == (404, "not_found")
        assert (await web.get("/vouchers", by=stranger)).json == {"items": [], "next_cursor": None}
        assert (await web.get("/vouchers", by=owner)).json["items"] == [voucher]

    async def test_a_voucher_is_good_through_its_last_second(self, web, noon, claimed):
        resident = await a_resident(noon)
        voucher, drop = await claimed(resident)

        async def stands(at):
            clock.stand_still(at)
            shown = (await web.get(f"/vouchers/{voucher['id']}", by=resident)).json
            listed = {
                state: len((await web.get(f"/vouchers?state={state}", by=resident)).json["items"])
                for state in VoucherState
            }
            assert listed == {state: int(state == shown["state"]) for state in VoucherState}
            return shown["state"], len(shown["history"])

        assert await stands(drop.valid_until + timedelta(milliseconds=999)) == ("issued", 1)
        assert await stands(drop.valid_until + timedelta(seconds=1)) == ("expired", 2)

    async def test_knows_four_states(self, web, noon):
        answer = await web.get("/vouchers?state=lost", by=await a_resident(noon))

        assert (answer.status, answer.json["code"]) == (422, "invalid_request")
        assert [one["field"] for one in answer.json["errors"]] == ["state"]


class TestQuote:
    async def quoted(self, web, *items, region="yangling", by=None):
        return await web.post("/quotes", by=by, region=region, items=list(items))

    async def test_shows_every_step_with_its_clause(self, web):
        answer = await self.quoted(web, {"category": "冰箱", "price_fen": 520_000, "energy_grade": 1})

        assert answer.status == 200
        (item,) = answer.json["items"]
        assert answer.json["total_subsidy_fen"] == item["subsidy_fen"] == 52_000
        assert (item["category"], item["category_name"]) == ("fridge", "冰箱")
        assert "5200" in item["steps"][0]["text"]
        assert "520 元" in item["steps"][0]["text"]
        citation = item["steps"][0]["citation"]
        assert (citation["clause"], citation["status"]) == ("细则三", "in_force")

    async def test_stops_at_the_cap_of_an_item_and_of_a_person(self, web):
        answer = await self.quoted(web, *[{"category": "tv", "price_fen": 1_500_000}] * 4)

        assert [item["subsidy_fen"] for item in answer.json["items"]] == [100_000, 100_000, 100_000, 0]
        assert answer.json["total_subsidy_fen"] == 300_000
        assert "1000" in answer.json["items"][0]["steps"][1]["text"]
        assert "3000" in answer.json["items"][3]["steps"][-1]["text"]

    async def test_rounds_down_to_the_fen(self, web):
        answer = await self.quoted(web, {"category": "tv", "price_fen": 99_999})

        assert answer.json["items"][0]["subsidy_fen"] == 9_999

    async def test_says_why_something_gets_nothing(self, web):
        answer = await self.quoted(
            web,
            {"category": "fridge", "price_fen": 520_000, "energy_grade": 3},
            {"category": "sofa", "price_fen": 520_000, "energy_grade": 3},
            {"category": "freezer", "price_fen": 520_000},
        )

        assert [item["subsidy_fen"] for item in answer.json["items"]] == [0, 52_000, 0]
        assert all(item["steps"] for item in answer.json["items"])

    async def test_counts_what_a_person_has_kept(self, web, noon, claimed):
        resident = await a_resident(noon)
        voucher, _ = await claimed(resident)
        await Voucher.filter(id=voucher["id"]).update(
            state=VoucherState.REDEEMED, reserved_fen=0, subsidy_fen=100_000
        )
        items = [{"category": "tv", "price_fen": 1_500_000}] * 3

        answer = await self.quoted(web, *items, by=resident)
        nobodys = await self.quoted(web, *items)

        assert (answer.json["total_subsidy_fen"], nobodys.json["total_subsidy_fen"]) == (200_000, 300_000)

    async def test_what_cannot_be_is_refused(self, web):
        tv = {"category": "tv", "price_fen": 100_000}

        async def refusal(*items, region="yangling"):
            answer = await self.quoted(web, *items, region=region)
            return answer.status, answer.json["code"]

        assert await refusal(tv, region="atlantis") == (422, "region_unknown")
        assert await refusal({**tv, "category": "火箭"}) == (422, "category_unknown")
        assert await refusal({**tv, "trade_in_category": "火箭"}) == (422, "category_unknown")
        assert await refusal() == (422, "invalid_request")
        assert await refusal(*[tv] * 21) == (422, "invalid_request")
        assert await refusal({**tv, "energy_grade": 6}) == (422, "invalid_request")
        assert await refusal(tv, region="jining") == (409, "no_subsidy_rule")
