import asyncio
import re
import shutil
import subprocess

import pytest
import schemathesis

SUCCESS = re.compile(r"2\d\d")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture
def written(web):
    """The document as the service gives it."""
    return web.document.written


def operations(written):
    return [
        (f"{method.upper()} {path}", known)
        for path, methods in written["paths"].items()
        for method, known in methods.items()
    ]


async def fetched(web, path):
    async with web.http.get(web.base + path) as answer:
        return answer.status, answer.content_type, await answer.text()


class TestTheDocument:
    async def test_is_valid_openapi_and_what_is_served(self, web, written):
        async with web.http.get(f"{web.base}/docs/openapi.json") as answer:
            served = await answer.json()

        assert served == written
        schemathesis.openapi.from_dict(served).validate()

    async def test_promises_one_success_of_every_route(self, written):
        promised = {
            name: [status for status in known["responses"] if SUCCESS.fullmatch(status)]
            for name, known in operations(written)
        }

        assert len(promised) > 30
        assert {name: found for name, found in promised.items() if len(found) != 1} == {}

    async def test_never_promises_a_fault_of_ours(self, written):
        assert [name for name, known in operations(written) if "500" in known["responses"]] == []

    async def test_says_exactly_what_an_answer_holds(self, written):
        def loose(schema, where):
            if isinstance(schema, dict):
                if "properties" in schema and schema.get("additionalProperties") is not False:
                    yield where
                for key, value in schema.items():
                    yield from loose(value, f"{where}.{key}")

        found = [
            where
            for name, known in operations(written)
            for status, answer in known["responses"].items()
            if SUCCESS.fullmatch(status)
            for content in answer.get("content", {}).values()
            for where in loose(content["schema"], name)
        ]

        assert found == []

    async def test_says_who_may_call(self, written):
        security = {name: known["security"] for name, known in operations(written)}

        assert security["GET /api/v1/vouchers"] == [{"bearer": []}]
        assert security["GET /api/v1/drops"] == [{}, {"bearer": []}]
        assert security["POST /api/v1/login"] == [{}]
        for name, known in operations(written):
            assert ("401" in known["responses"]) == (known["security"] != [{}] or name.endswith("/login")), (
                name
            )

    async def test_names_the_codes_of_each_refusal(self, written):
        answers = written["paths"]["/api/v1/drops/{drop_id}/claims"]["post"]["responses"]

        told = answers["409"]["content"]["application/problem+json"]["schema"]["allOf"][1]["properties"]
        assert told["code"]["enum"] == [
            "already_claimed",
            "drop_by_lot",
            "drop_not_open",
            "drop_sold_out",
            "personal_limit_reached",
            "request_in_progress",
        ]
        assert "`already_claimed` 您本场已经领过券了" in answers["409"]["description"]
        assert answers["503"]["headers"]["Retry-After"]

    async def test_knows_the_key_of_what_can_be_repeated(self, written):
        def headers(method, path):
            return [
                one["name"] for one in written["paths"][path][method]["parameters"] if one["in"] == "header"
            ]

        assert headers("post", "/api/v1/pickups") == ["Idempotency-Key"]
        assert headers("get", "/api/v1/pickups") == []


class TestThePage:
    async def test_loads_nothing_foreign(self, web):
        status, content_type, page = await fetched(web, "/docs")

        assert (status, content_type) == (200, "text/html")
        parts = re.findall(r'(?:src|href)="([^"]+)"', page)
        assert parts
        assert {part for part in parts if not part.startswith("/")} == set()
        for part in parts:
            assert (await fetched(web, part))[0] == 200, part

    @pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")
    async def test_shows_the_routes_in_a_browser(self, web, tmp_path):
        shown = await asyncio.create_subprocess_exec(
            CHROMIUM,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            f"--user-data-dir={tmp_path}",
            "--virtual-time-budget=20000",
            "--dump-dom",
            f"{web.base}/docs",
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        async with asyncio.timeout(60):
            page, _ = await shown.communicate()

        assert "抢券：每场每人一张。" in page.decode()
