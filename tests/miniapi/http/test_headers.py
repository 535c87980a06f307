from dataclasses import replace
from html.parser import HTMLParser

import pytest

from miniapi.http.headers import policy_of
from tests.miniapi.http.test_problems import said_to
from tests.web import serving

HTTPS = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.1"}


def directives(policy):
    return {name: rest.split() for name, _, rest in (one.strip().partition(" ") for one in policy.split(";"))}


class Loads(HTMLParser):
    """What a page loads, and whether anything of it runs within the page itself."""

    def __init__(self):
        super().__init__()
        self.loaded, self.inline = [], []

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.loaded += [(tag, given[name]) for name in ("src", "href") if name in given]
        self.inline += [name for name in given if name.startswith("on") or name == "style"]
        if tag == "style" or (tag == "script" and "src" not in given):
            self.inline.append(tag)


async def fetched(web, path):
    async with web.http.get(web.base + path) as answer:
        return answer.status, answer.headers, await answer.text()


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/clock",
        "/api/v1/me",
        "/api/v1/nothing",
        "/",
        "/healthz",
        "/docs",
        "/docs/start.js",
        "/docs/openapi.json",
        "/docs/ui/swagger-ui.css",
        "/docs/ui/nothing.js",
    ],
)
async def test_every_answer_is_protected(web, path):
    _, headers, _ = await fetched(web, path)

    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "geolocation=()" in headers["Permissions-Policy"]
    assert directives(headers["Content-Security-Policy"])["frame-ancestors"] == ["'none'"]
    assert "Server" not in headers
    assert "Strict-Transport-Security" not in headers


async def test_bytes_that_are_no_request_are_answered_so_too(web):
    answer = (await said_to(web, b"GARBAGE\r\n\r\n")).lower()

    assert b"x-content-type-options: nosniff" in answer
    assert b"content-security-policy: default-src 'none'" in answer


async def test_nothing_personal_is_kept_on_the_way(web):
    for path in ("/api/v1/me", "/api/v1/clock", "/api/v1/nothing"):
        assert (await fetched(web, path))[1]["Cache-Control"] == "no-store"
    assert (await fetched(web, "/docs/ui/swagger-ui.css"))[1]["Cache-Control"] != "no-store"


async def test_an_answer_of_the_api_may_load_nothing(web):
    _, headers, _ = await fetched(web, "/api/v1/clock")

    assert directives(headers["Content-Security-Policy"])["default-src"] == ["'none'"]
    assert set(directives(headers["Content-Security-Policy"])) <= {
        "default-src",
        "base-uri",
        "form-action",
        "frame-ancestors",
    }


class TestTheDocumentation:
    async def test_loads_only_what_its_policy_lets_it_load(self, web):
        _, headers, page = await fetched(web, "/docs")
        allowed = directives(headers["Content-Security-Policy"])
        loads = Loads()
        loads.feed(page)

        assert loads.inline == []
        assert {tag for tag, _ in loads.loaded} == {"link", "script"}
        for _, address in loads.loaded:
            assert address.startswith("/docs/")
            assert (await fetched(web, address))[0] == 200
        assert allowed["script-src"] == allowed["connect-src"] == ["'self'"]
        assert "'self'" in allowed["style-src"]
        assert allowed["img-src"] == ["'self'", "data:"]  # Swagger UI draws its arrows so

    async def test_runs_no_text_as_a_program(self, web):
        _, _, script = await fetched(web, "/docs/start.js")

        assert "eval(" not in script
        assert "'unsafe-eval'" not in policy_of("/docs")

    def test_gives_its_policy_to_itself_alone(self):
        assert policy_of("/docs/ui/index.html") == policy_of("/docs") != policy_of("/docsy")
        assert policy_of("/api/v1/docs") == policy_of("/")


class TestHttps:
    async def test_is_asked_for_again_where_a_proxy_of_ours_says_so(
        self, database, noon, settings, library, matcher, keys
    ):
        behind = replace(settings, limits=replace(settings.limits, proxies=1))
        async with serving(behind, library, matcher, keys) as web:
            safe = await web.get("/clock", headers=HTTPS)
            plain = await web.get("/clock", headers={**HTTPS, "X-Forwarded-Proto": "http"})

        assert safe.headers["Strict-Transport-Security"].startswith("max-age=")
        assert "Strict-Transport-Security" not in plain.headers

    async def test_is_not_believed_from_anybody_else(self, web):
        answer = await web.get("/clock", headers=HTTPS)

        assert "Strict-Transport-Security" not in answer.headers
