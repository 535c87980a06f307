"""What every answer tells browsers: what it may load, where it may be shown, who may keep it."""

from collections.abc import Mapping

from sanic import Request
from sanic.response import BaseHTTPResponse

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
    for name, value in ALWAYS.items():
        answer.headers.setdefault(name, value)
    answer.headers.setdefault("Content-Security-Policy", policy_of(request.path))
    if request.path.startswith(NEVER_KEPT):
        answer.headers.setdefault("Cache-Control", "no-store")
    if request.forwarded.get("proto") == "https":  # believed only from a proxy of ours
        answer.headers.setdefault("Strict-Transport-Security", HTTPS_FOR)


def policy_of(path: str) -> str:
    """The Content-Security-Policy of what stands at a path: nothing at all, unless it is a page."""
    for prefix, allowed in PAGES.items():
        if path == prefix or path.startswith(f"{prefix}/"):
            return NOTHING + allowed
    return NOTHING
