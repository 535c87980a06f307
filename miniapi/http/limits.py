"""How often anybody may ask: generous by address, which thousands may share, and strict by person."""

import ipaddress
import logging
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache, wraps
from typing import Any, Literal
from uuid import UUID

from sanic import HTTPResponse, Request

from miniapi.errors import TooMany
from miniapi.http.counters import Counters
from miniapi.http.described import Handler
from miniapi.settings import LimitSettings

Costly = Literal["identity", "phone", "ticket", "staff_sign_in", "export", "search", "reveal", "typed_code"]

STRICT: dict[Costly, int] = {  # a minute, by person (a staff sign-in: by username)
    "identity": 10,
    "phone": 10,
    "ticket": 10,
    "staff_sign_in": 10,
    "export": 5,
    "search": 30,
    "reveal": 10,
    "typed_code": 60,  # the digits of a presentation: more than anybody types, too few to guess one
}
SIGN_INS = {"/api/v1/login", "/api/v1/staff/login"}
ALWAYS_ANSWERED = {  # monitors must see an overloaded service, and WeChat's servers share few addresses
    "/healthz",
    "/readyz",
    "/metrics",
    "/wechat/push",
}
PREFIX_OF_A_HOME = 64  # bits of an IPv6 address: the rest its owner changes at will

log = logging.getLogger(__name__)


class Limits:
    """The limits of this installation, counted together by all workers of the host."""

    def __init__(self, settings: LimitSettings, counters: Counters) -> None:
        self._settings = settings
        self._counters = counters
        self._warned = False

    def check(self, request: Request) -> None:
        """Count a request by its address and its token, before anything is read or looked up.

        Raises TooMany.
        """
        if request.path in ALWAYS_ANSWERED:
            return
        address = address_of(request)
        self._count("requests", address, self._settings.requests_per_minute)
        if request.path.rstrip("/") in SIGN_INS and request.method == "POST":
            self._count("sign-ins", address, self._settings.sign_ins_per_minute)
        if token := request.headers.get("authorization", "").partition(" ")[2].strip():
            self._count("token", token, self._settings.person_requests_per_minute)
        if not self._warned and not self._settings.proxies and "x-forwarded-for" in request.headers:
            self._warned = True
            log.warning("X-Forwarded-For is not believed: behind a proxy of yours set HUANXIN_PROXIES")

    def count_person(self, person: UUID) -> None:
        """Count a request by the person behind its token, who may have several. Raises TooMany."""
        self._count("person", str(person), self._settings.person_requests_per_minute)

    def count(self, costly: Costly, whose: str) -> None:
        """Count something costly that a person does. Raises TooMany."""
        if self._settings.person_requests_per_minute:
            self._count(costly, whose, STRICT[costly])

    def _count(self, what: str, whose: str, limit: int) -> None:
        if limit and (seconds := self._counters.take(f"{what}:{whose}", limit)):
            raise TooMany(retry_after=seconds)


def limited(costly: Costly) -> Callable[[Handler], Handler]:
    """Let a signed-in person do this only so often a minute (see STRICT). Raises TooMany."""

    def decorate(handler: Handler) -> Handler:
        @wraps(handler)
        async def counted(request: Request, *args: Any, **kwargs: Any) -> HTTPResponse:
            limits: Limits = request.app.ctx.limits
            limits.count(costly, str((kwargs.get("resident") or kwargs["staff"]).id))
            return await handler(request, *args, **kwargs)

        return counted

    return decorate


def address_of(request: Request) -> str:
    """Where a request comes from, as far as it can be believed: an IPv4 address, an IPv6 network."""
    return home_of(request.client_ip or "")


@lru_cache(maxsize=4096)
def home_of(written: str) -> str:
    """The part of an address that one household or company has, also where a port stands behind it."""
    host = written.partition("]")[0].strip("[") if written.startswith("[") else written
    with suppress(ValueError):
        return _home(host)
    with suppress(ValueError):
        return _home(host.rpartition(":")[0])
    return host


def _home(host: str) -> str:
    address = ipaddress.ip_address(host)
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((int(address), PREFIX_OF_A_HOME), strict=False))
