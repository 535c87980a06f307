"""The header Idempotency-Key: the same key of the same caller gets the first answer again."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import Any, Protocol
from uuid import UUID

from sanic import HTTPResponse, Request
from sanic.response import raw

from miniapi import clock
from miniapi.database import sql
from miniapi.http.described import Handler, describe
from miniapi.http.errors import IdempotencyMismatch, RequestInProgress, invalid_field
from miniapi.http.models import KeptAnswer
from miniapi.ids import new_id
from miniapi.keys import Keys

KEPT_FOR = timedelta(hours=24)
LEASE_SECONDS = 60  # a request that died does not block its key for longer

TAKE = f"""
    INSERT INTO kept_answer (id, caller, route, key, body_hash, lease, lease_until, kept_until)
    VALUES ($1, $2, $3, $4, $5, $1, clock_timestamp() + interval '{LEASE_SECONDS} seconds', $6)
    ON CONFLICT ON CONSTRAINT one_answer_per_key DO UPDATE
    SET body_hash = excluded.body_hash, lease = excluded.lease, lease_until = excluded.lease_until,
        kept_until = excluded.kept_until, status = NULL, answer_sealed = NULL
    WHERE kept_answer.kept_until <= $7
       OR kept_answer.status IS NULL AND kept_answer.lease_until <= clock_timestamp()
    RETURNING lease
"""  # noqa: S608  the only insertion is a number of ours


class Caller(Protocol):
    """The resident who is signed in."""

    id: UUID


def repeatable(handler: Handler) -> Handler:
    """Let a resident repeat this POST safely. Raises IdempotencyMismatch, RequestInProgress.

    Not for the staff: what they are answered is about residents, and would be kept beyond their leaving.
    """

    @wraps(handler)
    async def with_key(request: Request, *args: Any, **kwargs: Any) -> HTTPResponse:
        key = request.headers.get("idempotency-key")
        caller: Caller = kwargs["resident"]
        if key is None:
            return await handler(request, *args, **kwargs)
        if not re.fullmatch(r"[\x21-\x7e]{1,64}", key):
            raise invalid_field("Idempotency-Key", "应为 1 到 64 个可见 ASCII 字符")
        # a caller who hangs up must not leave the work half done
        return await asyncio.shield(_once(request, caller, key, lambda: handler(request, *args, **kwargs)))

    describe(with_key, repeatable=True)
    return with_key


async def forget_answers(*, at: datetime) -> int:
    """Delete the answers whose day is over; how many it were."""
    return await KeptAnswer.filter(kept_until__lte=at).delete()


async def erase_answers(caller: UUID) -> None:
    """Forget every answer kept for a caller who leaves."""
    await KeptAnswer.filter(caller=caller).delete()


async def _once(
    request: Request, caller: Caller, key: str, work: Callable[[], Awaitable[HTTPResponse]]
) -> HTTPResponse:
    route = f"{request.method} {request.path}"[:100]
    keys: Keys = request.app.ctx.keys
    kept = await _take(caller.id, route, key, request.body, keys, at=clock.now())
    if isinstance(kept, HTTPResponse):
        return kept
    mine = KeptAnswer.filter(lease=kept, status=None)
    try:
        answer = await work()
    except BaseException:
        await mine.delete()
        raise
    await mine.update(status=answer.status, answer_sealed=keys.seal((answer.body or b"").decode()))
    return answer


async def _take(
    caller: UUID, route: str, key: str, body: bytes, keys: Keys, *, at: datetime
) -> HTTPResponse | UUID:
    """The lease under which the work may be done now, or the answer it had."""
    lease, body_hash = new_id(), keys.digest(body)
    values = [lease, caller, route, key, body_hash, at + KEPT_FOR, at]
    taken = await sql.rows(TAKE, *values)
    if taken:
        return lease
    kept = await KeptAnswer.get_or_none(caller=caller, route=route, key=key)
    if kept is None:
        raise RequestInProgress()
    if not keys.is_digest(kept.body_hash, body):
        raise IdempotencyMismatch()
    if kept.status is None:
        raise RequestInProgress()
    body = keys.unseal(kept.answer_sealed or "").encode()
    return raw(body, status=kept.status, content_type="application/json")
