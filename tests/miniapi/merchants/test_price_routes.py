"""A recycler's prices over HTTP."""

from datetime import timedelta

import pytest

from miniapi import clock
from miniapi.audit.models import AuditEvent
from miniapi.merchants.models import Member, PriceTable, Role
from tests.factories.counter import a_shop
from tests.factories.people import a_resident
from tests.factories.prices import A_TABLE_OF_PRICES, a_recycler


@pytest.fixture
async def recycler(database, noon):
    return await a_recycler(noon, "示例回收站")


async def put(web, recycler, table=A_TABLE_OF_PRICES):
    return await web.call("PUT", "/merchant/prices", by=recycler.account, raw=table)


class TestPublishing:
    async def test_holds_at_once(self, web, recycler):
        answer = await put(web, recycler)

        table = await PriceTable.get()
        assert (answer.status, answer.json) == (
            200,
            {
                "id": str(table.id),
                "merchant": str(recycler.merchant.id),
                "merchant_name": "示例回收站",
                "valid_from": "2024-09-01T12:00:00+08:00",
                "rows": 5,
            },
        )

    async def test_gives_the_same_spreadsheet_back(self, web, recycler):
        await put(web, recycler)

        answer = await web.get("/merchant/prices", by=recycler.account)

        assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
        assert answer.raw.decode("utf-8-sig").split() == A_TABLE_OF_PRICES.decode().split()

    async def test_starts_from_an_empty_spreadsheet(self, web, recycler):
        answer = await web.get("/merchant/prices", by=recycler.account)

        assert answer.raw.decode("utf-8-sig") == "品类,大小,年数起,年数不满,能否使用,最低价,最高价,说明\r\n"

    async def test_follows_the_table_before_and_keeps_it(self, web, recycler, noon):
        await put(web, recycler)
        clock.stand_still(noon + timedelta(days=1))

        answer = await put(web, recycler, "品类,最低价,最高价\n电视机,1,2\n".encode())

        assert (answer.json["rows"], answer.json["valid_from"]) == (1, "2024-09-02T12:00:00+08:00")
        assert await PriceTable.all().count() == 2
        shown = await web.get("/merchant/prices", by=recycler.account)
        assert shown.raw.decode("utf-8-sig").splitlines()[1:] == ["电视机,,,,,1,2,"]

    async def test_the_same_again_changes_nothing(self, web, recycler, noon):
        first = await put(web, recycler)
        clock.stand_still(noon + timedelta(days=1))

        again = await put(web, recycler)

        assert again.json == first.json
        assert await PriceTable.all().count() == 1
        assert await AuditEvent.filter(action="prices.published").count() == 1

    async def test_with_one_wrong_row_changes_nothing(self, web, recycler):
        await put(web, recycler)

        answer = await put(web, recycler, A_TABLE_OF_PRICES + "飞船,,,,,1,2,\n".encode())

        assert (answer.status, answer.json["code"], answer.json["refused"]) == (422, "prices_wrong", 1)
        assert "没有“飞船”这个品类" in answer.json["refused_csv"]
        assert await PriceTable.all().count() == 1

    async def test_is_on_record(self, web, recycler):
        await put(web, recycler)

        event = await AuditEvent.get(action="prices.published")
        assert event.actor == f"manager:{recycler.id}"
        assert event.subject == f"merchant:{recycler.merchant.id}"


async def test_whoever_goes_out_for_a_recycler_reads_its_prices_and_publishes_none(web, recycler, noon):
    driver = await a_resident(noon)
    await Member.create(resident=driver, merchant=recycler.merchant, role=Role.CREW)
    await put(web, recycler)

    read = await web.get("/merchant/prices", by=driver)
    published = await web.call("PUT", "/merchant/prices", by=driver, raw=A_TABLE_OF_PRICES)

    assert read.raw.decode("utf-8-sig").split() == A_TABLE_OF_PRICES.decode().split()
    assert (published.status, published.json["code"]) == (403, "not_allowed")


async def test_nobody_but_a_recycler_is_let_in(web, noon):
    clerk = await a_resident(noon)
    await Member.create(resident=clerk, merchant=await a_shop(), role=Role.CLERK)

    for somebody in (clerk, await a_resident(noon)):
        assert (await web.get("/merchant/prices", by=somebody)).status == 403
