"""Licences as the bureau keeps them: the last one put in counts, and none is ever edited."""

from datetime import date, datetime

import pytest

from miniapi.audit.models import AuditEvent
from miniapi.clock import SHANGHAI
from miniapi.merchants.errors import LicenceExpired, LicenceMissing
from miniapi.merchants.licensing import good_licence
from miniapi.merchants.models import LicenceKind, Merchant, MerchantKind
from miniapi.staff.models import StaffRole
from tests.factories.licences import a_licence
from tests.factories.staff import a_staff

LICENCES = "/staff/licences"
RECYCLING = LicenceKind.RECYCLING


@pytest.fixture
async def recycler(database):
    return await Merchant.create(
        region="yangling", kind=MerchantKind.RECYCLER, name="示例回收公司", address="示例路 1 号"
    )


@pytest.fixture
async def bureau(database, noon):
    return await a_staff(noon, StaffRole.BUREAU)


def a_paper(merchant, **more):
    known = {"kind": "recycling", "number": "示例许可一号", "valid_until": "2026-05-31"}
    return {"merchant": str(merchant.id), **known, **more}


class TestPuttingIn:
    async def test_is_on_record(self, web, bureau, recycler):
        answer = await web.post(LICENCES, by=bureau, **a_paper(recycler))

        assert answer.status == 201
        assert (answer.json["merchant_name"], answer.json["valid_until"]) == ("示例回收公司", "2026-05-31")
        event = await AuditEvent.get(action="licence.added")
        assert (event.actor, event.subject) == (f"staff:{bureau.id}", f"merchant:{recycler.id}")

    async def test_keeps_those_of_before(self, web, bureau, recycler):
        await web.post(LICENCES, by=bureau, **a_paper(recycler))
        await web.post(LICENCES, by=bureau, **a_paper(recycler, number="示例许可二号"))

        listed = await web.get(f"{LICENCES}?region=yangling&merchant={recycler.id}", by=bureau)
        elsewhere = await web.get(f"{LICENCES}?region=jining", by=bureau)

        assert {one["number"] for one in listed.json["items"]} == {"示例许可一号", "示例许可二号"}
        assert elsewhere.json["items"] == []

    @pytest.mark.parametrize(
        ("wrong", "code"),
        [
            ({"kind": "dismantling"}, "licence_not_theirs"),
            ({"merchant": "00000000-0000-0000-0000-000000000000"}, "merchant_unknown"),
            ({"valid_until": "2026-02-30"}, "invalid_request"),
            ({"valid_until": "1999-12-31"}, "invalid_request"),
            ({"number": ""}, "invalid_request"),
        ],
    )
    async def test_refuses_what_cannot_be(self, web, bureau, recycler, wrong, code):
        answer = await web.post(LICENCES, by=bureau, **(a_paper(recycler) | wrong))

        assert (answer.status, answer.json["code"]) == (422, code)


class TestWhichCounts:
    async def test_none_is_missing(self, recycler, noon):
        with pytest.raises(LicenceMissing):
            await good_licence(recycler.id, RECYCLING, on=noon)

    async def test_until_the_end_of_its_last_day_in_china(self, recycler):
        await a_licence(recycler, date(2024, 9, 1))

        assert await good_licence(
            recycler.id, RECYCLING, on=datetime(2024, 9, 1, 23, 59, 59, tzinfo=SHANGHAI)
        )
        with pytest.raises(LicenceExpired):
            await good_licence(recycler.id, RECYCLING, on=datetime(2024, 9, 2, tzinfo=SHANGHAI))

    async def test_the_last_one_put_in_even_where_it_ends_sooner(self, recycler, noon):
        await a_licence(recycler, date(2030, 1, 1))
        await a_licence(recycler, date(2024, 8, 31), added_at=noon)

        with pytest.raises(LicenceExpired):
            await good_licence(recycler.id, RECYCLING, on=noon)


async def test_the_public_list_shows_dismantlers_only_when_asked(web, recycler):
    await Merchant.create(
        region="yangling", kind=MerchantKind.DISMANTLER, name="示例拆解公司", address="示例路 2 号"
    )

    usual = await web.get("/merchants?region=yangling")
    asked = await web.get("/merchants?region=yangling&kind=dismantler")

    assert [one["name"] for one in usual.json["items"]] == ["示例回收公司"]
    assert [one["name"] for one in asked.json["items"]] == ["示例拆解公司"]
