"""What every answer tells browsers: what it may load, where it may be shown, who may keep it."""

from collections.abc import Mapping
from functools import lru_cache

from sanic import Request
from sanic.response import BaseHTTPResponse

from miniapi.http.answers import JsonAnswer

ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
NOTHING = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
OWN = "; script-src 'self'; connect-src 'self'"
PAGES: Mapping[str, str] = {  # what begins so is a page or a part of one, and may load this, from here only
    "/docs": f"{OWN}; style-src 'self' 'unsafe-inline'; img-src 'self' data:",
}
NEVER_KEPT = ("/api/v1/", "/staff/")
HTTPS_FOR = "max-age=31536000"  # seconds: a year


def protect(request: Request, answer: BaseHTTPResponse) -> None:
    """Put the headers on an answer; what a route has said itself stays."""
    https = request.forwarded.get("proto") == "https"  # believed only from a proxy of ours
    if isinstance(answer, JsonAnswer):
        answer.always = _of_json(request.path.startswith(NEVER_KEPT), https)
        return
    for name, value in _headers(policy_of(request.path), request.path.startswith(NEVER_KEPT), https).items():
        answer.headers.setdefault(name, value)


def policy_of(path: str) -> str:
    """The Content-Security-Policy of what stands at a path: nothing at all, unless it is a page."""
    for prefix, allowed in PAGES.items():
        if path == prefix or path.startswith(f"{prefix}/"):
            return NOTHING + allowed
    return NOTHING


def _headers(policy: str, never_kept: bool, https: bool) -> dict[str, str]:
    headers = {**ALWAYS, "Content-Security-Policy": policy}
    if never_kept:
        headers["Cache-Control"] = "no-store"
    if https:
        headers["Strict-Transport-Security"] = HTTPS_FOR
    return headers


@lru_cache(maxsize=4)
def _of_json(never_kept: bool, https: bool) -> tuple[tuple[bytes, bytes], ...]:
    """The same for JSON, which loads nothing."""
    return tuple(
        (name.encode(), value.encode()) for name, value in _headers(NOTHING, never_kept, https).items()
    )
