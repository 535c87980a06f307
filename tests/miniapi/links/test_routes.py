"""Pictures to scan and addresses to open, for their owners alone."""

from uuid import UUID

import pytest

from miniapi.links.routes import scene_of
from tests.factories.counter import a_voucher
from tests.factories.people import a_resident


@pytest.fixture
async def voucher(database, noon, library):
    return await a_voucher(noon, library)


async def test_a_voucher_has_a_code_and_a_link(web_and_wechat, voucher):
    owner = await voucher.resident

    code = await web_and_wechat.get(f"/vouchers/{voucher.id}/mini-code", by=owner)
    link = await web_and_wechat.post(f"/vouchers/{voucher.id}/link", by=owner)

    assert (code.status, code.headers["content-type"]) == (200, "image/jpeg")
    assert code.raw.startswith(b"\xff\xd8")
    assert link.status == 200
    assert link.json["link"].startswith("https://")
    assert link.json["expires_at"] == "2024-10-01T12:00:00+08:00"


async def test_it_is_nobody_elses(web_and_wechat, voucher, noon):
    stranger = await a_resident(noon)

    code = await web_and_wechat.get(f"/vouchers/{voucher.id}/mini-code", by=stranger)
    link = await web_and_wechat.post(f"/vouchers/{voucher.id}/link", by=stranger)

    assert (code.status, link.status) == (404, 404)


async def test_without_wechat_there_is_none(web, voucher):
    answer = await web.get(f"/vouchers/{voucher.id}/mini-code", by=await voucher.resident)

    assert (answer.status, answer.json["code"]) == (503, "wechat_unavailable")


@pytest.mark.parametrize("kind", ["voucher", "pickup"])
def test_a_scene_fits_into_a_code(kind):
    assert len(scene_of(kind, UUID(int=2**128 - 1))) == 24
