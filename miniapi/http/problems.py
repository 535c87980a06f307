"""Refusals as RFC 9457 problems: one table of statuses, one place that writes them."""

import logging
from contextlib import suppress
from datetime import datetime
from typing import Any
from uuid import UUID

from sanic import Request, Sanic
from sanic.exceptions import HTTPException, PayloadTooLarge, RequestTimeout, ServiceUnavailable
from sanic.exceptions import MethodNotAllowed as SanicMethodNotAllowed
from sanic.exceptions import NotFound as SanicNotFound
from sanic.response import HTTPResponse

from miniapi import errors, outages
from miniapi.http import errors as http_errors
from miniapi.http.answers import JsonAnswer, citation_json, dumps, written
from miniapi.http.observing import METHODS, id_of, note_refusal
from miniapi.wechat.errors import PushUnreadable

log = logging.getLogger(__name__)

STATUS_OF_KIND: dict[type[errors.Refusal], int] = {
    http_errors.BadJson: 400,
    http_errors.RequestUnreadable: 400,
    PushUnreadable: 400,
    errors.NotSignedIn: 401,
    errors.NotAllowed: 403,
    errors.NotFound: 404,
    http_errors.MethodNotAllowed: 405,
    http_errors.RequestTooSlow: 408,
    errors.Conflict: 409,
    http_errors.TooLarge: 413,
    errors.Invalid: 422,
    errors.TooMany: 429,
    http_errors.HeaderTooLarge: 431,
    http_errors.Broken: 500,
    errors.Unavailable: 503,
}


def status_of(refusal: errors.Refusal) -> int:
    """The status a refusal is answered with."""
    return status_of_kind(type(refusal))


def status_of_kind(refused: type[errors.Refusal]) -> int:
    """The status of the nearest kind in the table."""
    return next(STATUS_OF_KIND[kind] for kind in refused.__mro__ if kind in STATUS_OF_KIND)


def problem(refusal: errors.Refusal) -> HTTPResponse:
    """The refusal as `application/problem+json`."""
    status = status_of(refusal)
    body: dict[str, Any] = {
        "type": f"/problems/{refusal.code}",
        "code": refusal.code,
        "status": status,
        "title": str(refusal),
        **{name: _plain(fact) for name, fact in refusal.facts.items()},
    }
    if refusal.citations:
        body["citations"] = [citation_json(citation) for citation in refusal.citations]
    headers = {}
    if isinstance(refusal, errors.TooMany):
        headers["Retry-After"] = str(refusal.facts["retry_after"])
    if isinstance(refusal, errors.Unavailable):
        headers["Retry-After"] = str(refusal.again_after)
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return JsonAnswer(dumps(body).encode(), status, headers, "application/problem+json")


def refusal_for(trouble: Exception, request: Request) -> errors.Refusal:
    """What a caller may know of anything that was raised."""
    match trouble:
        case errors.Refusal():
            return trouble
        case SanicNotFound():
            return errors.NotFound()
        case SanicMethodNotAllowed():
            return http_errors.MethodNotAllowed()
        case PayloadTooLarge():
            return http_errors.TooLarge() if request.head else http_errors.HeaderTooLarge()
        case RequestTimeout():
            return http_errors.RequestTooSlow()
        case ServiceUnavailable():
            return http_errors.TookTooLong()
        case HTTPException() if trouble.status_code < 500:
            return http_errors.RequestUnreadable()
        case _ if outages.is_one(trouble):
            return http_errors.DatabaseUnavailable()
    log.error("request %s failed", id_of(request), exc_info=trouble)
    return http_errors.Broken(request_id=id_of(request))


def answer_with_problems(app: Sanic) -> None:
    """Every error of this app becomes a problem, also 404, 405 and 500."""

    @app.exception(Exception)
    async def answer(request: Request, trouble: Exception) -> HTTPResponse:
        refusal = refusal_for(trouble, request)
        note_refusal(request, refusal.code, None if refusal is trouble else trouble)
        said = problem(refusal)
        if isinstance(trouble, SanicMethodNotAllowed):
            said.headers["Allow"] = ", ".join(_methods_of(request))  # RFC 9110, 15.5.6
        return said


def _methods_of(request: Request) -> list[str]:
    """What may be done at an address; Sanic does not tell where routes of one path have a parameter."""
    allowed = []
    for method in sorted(METHODS):
        with suppress(SanicMethodNotAllowed):
            request.app.router.get(request.path, method, None)
            allowed.append(method)
    return allowed


def _plain(fact: Any) -> Any:
    if isinstance(fact, datetime):
        return written(fact)
    return str(fact) if isinstance(fact, UUID) else fact
