import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from miniapi.accounts.actions import hash_of
from miniapi.accounts.models import Session
from miniapi.http import limits
from miniapi.http.limits import home_of
from tests.factories.people import a_resident, an_id_number
from tests.miniapi.http.test_problems import is_a_problem
from tests.web import a_token_of, serving


@pytest.fixture
def web_with(database, noon, settings, library, matcher, keys):
    """The application with limits of this test alone."""

    @asynccontextmanager
    async def running(**limited):
        known = replace(settings, limits=replace(settings.limits, **limited))
        async with serving(known, library, matcher, keys) as web:
            yield web

    return running


async def statuses(times, call):
    return [(await call()).status for _ in range(times)]


class TestByAddress:
    async def test_a_crowd_is_let_in_and_a_flood_is_told_when_to_come_back(self, web_with):
        async with web_with(requests_per_minute=20) as web:
            assert set(await statuses(20, lambda: web.get("/clock"))) == {200}

            answer = await web.get("/regions")

            assert is_a_problem(answer, 429, "too_many_requests")
            assert 1 <= int(answer.headers["Retry-After"]) <= 3
            assert answer.headers["Retry-After"] in answer.json["title"]

    async def test_a_path_that_is_not_there_counts_too(self, web_with):
        async with web_with(requests_per_minute=3) as web:
            assert await statuses(4, lambda: web.get("/nothing")) == [404, 404, 404, 429]

    async def test_monitors_and_wechat_are_always_answered(self, web_with):
        async with web_with(requests_per_minute=1) as web:
            await web.get("/clock")

            for path in ("/healthz", "/readyz", "/wechat/push"):
                assert 429 not in await statuses(3, lambda path=path: web.get(path))

            assert (await web.get("/clock")).status == 429

    async def test_signing_in_is_counted_apart(self, web_with):
        async with web_with(sign_ins_per_minute=2) as web:
            answers = [await web.post(path, code="x") for path in ("/login", "/login/", "/login/")]

            assert [answer.status for answer in answers] == [503, 503, 429]  # WeChat is not there
            assert (await web.get("/clock")).status == 200

    async def test_a_forged_header_changes_nothing(self, web_with, caplog):
        async with web_with(requests_per_minute=2) as web:
            forged = [
                await web.get("/clock", headers={"X-Forwarded-For": f"203.0.113.{n}"}) for n in range(3)
            ]

        assert [answer.status for answer in forged] == [200, 200, 429]
        assert caplog.text.count("HUANXIN_PROXIES") == 1

    async def test_behind_a_proxy_it_is_the_address_the_proxy_saw(self, web_with):
        def from_(*addresses):
            return {"X-Forwarded-For": ", ".join(addresses)}

        async with web_with(requests_per_minute=1, proxies=1) as web:
            first = [await web.get("/clock", headers=from_("198.51.100.1", f"203.0.113.{n}")) for n in (1, 2)]
            again = await web.get("/clock", headers=from_("198.51.100.99", "203.0.113.1"))

        assert [answer.status for answer in first] == [200, 200]
        assert again.status == 429

    async def test_no_limit_where_it_is_nought(self, web_with):
        nought = {"requests_per_minute": 0, "sign_ins_per_minute": 0, "person_requests_per_minute": 0}
        async with web_with(**nought) as web:
            assert set(await statuses(1300, lambda: web.get("/clock"))) == {200}


class TestByPerson:
    async def test_one_does_not_use_up_anothers(self, web_with, noon):
        async with web_with(person_requests_per_minute=3) as web:
            greedy, other = await a_resident(noon), await a_resident(noon)

            assert await statuses(4, lambda: web.get("/vouchers", by=greedy)) == [200, 200, 200, 429]
            assert (await web.get("/vouchers", by=other)).status == 200

    async def test_it_is_the_same_token_however_it_is_written(self, web_with, noon):
        async with web_with(person_requests_per_minute=2) as web:
            token = await a_token_of(await a_resident(noon, verified=False))
            written = (f"Bearer {token}", f"bearer   {token}", f"BEARER {token} ")

            answers = [await web.get("/me", headers={"Authorization": one}) for one in written]

            assert [answer.status for answer in answers] == [200, 200, 429]

    async def test_it_is_the_same_person_however_often_they_sign_in(self, web_with, noon):
        async with web_with(person_requests_per_minute=2) as web:
            person = await a_resident(noon)
            tokens = ["first-token", "second-token", "third-token"]
            for token in tokens:
                until = noon + timedelta(days=1)
                await Session.create(
                    resident=person, token_hash=hash_of(token), created_at=noon, expires_at=until
                )

            answers = [
                await web.get("/vouchers", headers={"Authorization": f"Bearer {token}"}) for token in tokens
            ]

            assert [answer.status for answer in answers] == [200, 200, 429]

    async def test_what_is_costly_is_limited_for_the_person_and_not_for_the_token(self, web, noon):
        resident = await a_resident(noon, verified=False)

        answers = [
            await web.post("/me/identity", by=resident, name="不匹配", id_number=an_id_number(n))
            for n in range(11)
        ]

        assert {answer.status for answer in answers[:10]} == {422}
        assert is_a_problem(answers[10], 429, "too_many_requests")
        assert (await web.post("/me/phone", by=resident, phone="13812345678")).status == 200

    async def test_tickets_and_phones_have_a_limit_of_their_own(self, web, noon):
        resident = await a_resident(noon)

        phones = [(await web.post("/me/phone", by=resident, phone="13812345678")).status for _ in range(11)]
        tickets = [
            (await web.post("/tickets", by=resident, kind="complaint", text="太慢")).status for _ in range(11)
        ]

        assert phones == [200] * 10 + [429]
        assert tickets[-1] == 429
        assert tickets.count(201) == 5  # as many as may be open


class TestAnAddress:
    @pytest.mark.parametrize(
        ("written", "home"),
        [
            ("203.0.113.9", "203.0.113.9"),
            ("203.0.113.9:4711", "203.0.113.9"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
            ("[2001:db8:1:2::1]", "2001:db8:1:2::/64"),
            ("[2001:db8:1:2::1]:4711", "2001:db8:1:2::/64"),
            ("::ffff:203.0.113.9", "203.0.113.9"),
            ("fe80::1%eth0", "fe80::/64"),
            ("_hidden", "_hidden"),
            ("", ""),
        ],
    )
    def test_is_one_household(self, written, home):
        assert home_of(written) == home


def test_the_strict_ones_are_stricter_than_the_rest(settings):
    assert 0 < max(limits.STRICT.values()) < settings.limits.person_requests_per_minute


async def test_two_workers_count_together(database, noon, settings, library, matcher, keys):
    counters = limits.Counters()
    known = replace(settings, limits=replace(settings.limits, requests_per_minute=10))
    async with (
        serving(known, library, matcher, keys, counters=counters) as one,
        serving(known, library, matcher, keys, counters=counters) as other,
    ):
        answers = await asyncio.gather(*(web.get("/clock") for web in (one, other) * 10))

    assert sorted(answer.status for answer in answers) == [200] * 10 + [429] * 10
