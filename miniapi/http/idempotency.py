"""The header Idempotency-Key: the same key of the same caller gets the first answer again.

An answer is kept in the transaction of what it tells of: both are there, or neither, whatever is killed.
"""

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import wraps
from typing import Any, Protocol
from uuid import UUID

from sanic import HTTPResponse, Request
from tortoise.transactions import in_transaction

from miniapi import clock
from miniapi.database import sql
from miniapi.http.answers import JsonAnswer
from miniapi.http.described import Handler, describe
from miniapi.http.errors import IdempotencyMismatch, RequestInProgress, invalid_field
from miniapi.http.models import KeptAnswer
from miniapi.http.problems import refusal_for
from miniapi.ids import new_ids
from miniapi.keys import Keys

KEPT_FOR = timedelta(hours=24)

First = Callable[..., Awaitable[dict[str, Any]]]

LOCK = "SELECT pg_try_advisory_xact_lock($1) AS mine"
KEEP = """
    INSERT INTO kept_answer (id, caller, route, key, body_hash, status, answer_sealed, kept_until)
    SELECT new.id, new.caller, new.route, new.key, new.body_hash, new.status, new.answer_sealed, $8
    FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::smallint[], $7::text[])
        AS new (id, caller, route, key, body_hash, status, answer_sealed)
    ON CONFLICT ON CONSTRAINT one_answer_per_key DO UPDATE
    SET body_hash = excluded.body_hash, status = excluded.status, answer_sealed = excluded.answer_sealed,
        kept_until = excluded.kept_until
"""
FIND = """
    SELECT body_hash, status, answer_sealed FROM kept_answer
    WHERE caller = $1 AND route = $2 AND key = $3 AND kept_until > $4
"""


class Caller(Protocol):
    """Whoever is signed in."""

    @property
    def id(self) -> UUID: ...


@dataclass(frozen=True, slots=True)
class Key:
    """What a caller calls one request by, on one route; `body` tells whether it is the same again."""

    caller: UUID
    route: str
    key: str
    body: bytes

    @property
    def lock(self) -> int:
        """The number of the lock under which a request with this key is at work."""
        named = f"{self.caller} {self.route} {self.key}".encode()
        return int.from_bytes(hashlib.sha256(named).digest()[:8], signed=True)


@dataclass(frozen=True, slots=True)
class Answer:
    """A success as it was, and will be, told."""

    status: int
    text: str

    def told(self) -> HTTPResponse:
        """The answer over HTTP."""
        return JsonAnswer(self.text.encode(), self.status)


def repeatable(first: First | None = None) -> Callable[[Handler], Handler]:
    """Let a caller repeat this POST safely. Raises IdempotencyMismatch, RequestInProgress.

    The handler runs in one transaction with the keeping of its answer. What it must ask of the outside world
    `first` asks before that transaction begins; what that returns is given to the handler as keywords.

    Not for routes that tell the staff of residents: it would be kept beyond their leaving.
    """

    def decorate(handler: Handler) -> Handler:
        @wraps(handler)
        async def with_key(request: Request, *args: Any, **kwargs: Any) -> HTTPResponse:
            key = key_of(request, kwargs.get("resident") or kwargs["clerk"])

            async def work() -> HTTPResponse:
                more: dict[str, Any] = {}
                if first:
                    if key and (kept := await _kept(key, request.app.ctx.keys)):
                        return kept.told()
                    more = await first(request, *args, **kwargs)
                if key is None:
                    return await handler(request, *args, **kwargs, **more)
                return await _once(key, request, lambda: handler(request, *args, **kwargs, **more))

            # a caller who hangs up must not leave the work half done
            working = asyncio.create_task(work())
            try:
                return await asyncio.shield(working)
            except asyncio.CancelledError:
                working.add_done_callback(lambda done: _unheard(done, request))
                raise

        describe(with_key, repeatable=True)
        return with_key

    return decorate


def takes_key(handler: Handler) -> Handler:
    """Say of a route that it keeps its answers itself, in the transaction of what they tell of."""
    describe(handler, repeatable=True)
    return handler


def key_of(request: Request, caller: Caller) -> Key | None:
    """The key of a request, where it has one. Raises InvalidRequest."""
    key = request.headers.get("idempotency-key")
    if key is None:
        return None
    if not re.fullmatch(r"[\x21-\x7e]{1,64}", key):
        raise invalid_field("Idempotency-Key", "应为 1 到 64 个可见 ASCII 字符")
    return Key(caller.id, f"{request.method} {request.path}"[:100], key, request.body)


def answer_of(kept: Mapping[str, Any], key: Key, keys: Keys) -> Answer | None:
    """The answer that a row of `kept_answer` keeps for a key; None where none is, or of another body."""
    if kept["status"] is None or not keys.is_digest(kept["body_hash"], key.body):
        return None
    return Answer(kept["status"], keys.unseal(kept["answer_sealed"]))


async def keep(answers: Sequence[tuple[Key, Answer]], keys: Keys, *, at: datetime) -> None:
    """Keep answers. Call it inside the transaction of what they tell of."""
    await sql.write(keeping(answers, keys, at=at))


def keeping(answers: Sequence[tuple[Key, Answer]], keys: Keys, *, at: datetime) -> Sequence[sql.Write]:
    """What `keep` writes."""
    if not answers:
        return []
    columns = zip(
        *(
            (
                kept_id,
                key.caller,
                key.route,
                key.key,
                keys.digest(key.body),
                answer.status,
                keys.seal(answer.text),
            )
            for kept_id, (key, answer) in zip(new_ids(len(answers)), answers, strict=True)
        ),
        strict=True,
    )
    return [sql.Write(KEEP, [*map(list, columns), at + KEPT_FOR])]


async def forget_answers(*, at: datetime) -> int:
    """Delete the answers whose day is over; how many it were."""
    return await KeptAnswer.filter(kept_until__lte=at).delete()


async def erase_answers(caller: UUID) -> None:
    """Forget every answer kept for a caller who leaves."""
    await KeptAnswer.filter(caller=caller).delete()


async def _once(key: Key, request: Request, handler: Callable[[], Awaitable[HTTPResponse]]) -> HTTPResponse:
    keys: Keys = request.app.ctx.keys
    async with in_transaction():
        if not (await sql.rows(LOCK, key.lock))[0]["mine"]:
            raise RequestInProgress()
        if kept := await _kept(key, keys):
            return kept.told()
        answer = await handler()
        told = Answer(answer.status, (answer.body or b"").decode())
        await keep([(key, told)], keys, at=clock.now())
    return answer


def _unheard(work: asyncio.Task[HTTPResponse], request: Request) -> None:
    """Nobody waits for the end of this work any more: a bug is in the log all the same, a plain no is not."""
    if not work.cancelled() and isinstance(trouble := work.exception(), Exception):
        refusal_for(trouble, request)


async def _kept(key: Key, keys: Keys) -> Answer | None:
    """The answer this key has had. Raises IdempotencyMismatch."""
    for row in await sql.rows(FIND, key.caller, key.route, key.key, clock.now()):
        if found := answer_of(row, key, keys):
            return found
        raise IdempotencyMismatch()
    return None
