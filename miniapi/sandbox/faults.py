"""Faults on demand: what goes wrong on the way to WeChat and back.

`error`, `errcode` and `hang` happen instead of the call; `slow` and `truncate` happen to its answer,
so what was asked has been done. `revoke` ends the token that comes along before the call is looked at.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Literal, cast, get_args

from sanic import HTTPResponse, Request, response

Mode = Literal["slow", "error", "hang", "truncate", "errcode", "revoke"]
MODES: tuple[str, ...] = get_args(Mode)
EVERYWHERE = "*"
SLOW = 2.0  # seconds by which an answer is late
FOR_EVER = 3600.0  # seconds; every client has hung up by then


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that goes wrong on a path in this share of its calls, so many times or until switched off."""

    path: str
    mode: str
    rate: float = 1.0
    errcode: int = -1
    seconds: float = SLOW
    times: int | None = None


@dataclass(slots=True)
class Faults:
    """The faults that are on; none survives a restart."""

    present: list[Fault] = field(default_factory=list)

    def add(self, fault: Fault) -> None:
        """Switch a fault on, in the place of an earlier one of the same path and mode."""
        others = [one for one in self.present if (one.path, one.mode) != (fault.path, fault.mode)]
        self.present = [*others, fault]

    def drawn_for(self, path: str) -> Fault | None:
        """What goes wrong with this call of a path, if anything."""
        if not self.present:
            return None
        here = (one for one in self.present if one.path in (path, EVERYWHERE))
        drawn = next((one for one in here if random.random() < one.rate), None)  # noqa: S311
        if drawn is not None and drawn.times is not None:
            self.present.remove(drawn)
            if drawn.times > 1:
                self.present.append(replace(drawn, times=drawn.times - 1))
        return drawn


async def answer_under(
    fault: Fault | None,
    request: Request,
    act: Callable[[], Awaitable[HTTPResponse]],
    refuse: Callable[[int], HTTPResponse],
) -> HTTPResponse | None:
    """Answer a call as the fault lets it be answered."""
    match fault:
        case Fault(mode="error"):
            return response.html("<html><body><h1>502 Bad Gateway</h1></body></html>", status=502)
        case Fault(mode="errcode", errcode=errcode):
            return refuse(errcode)
        case Fault(mode="hang"):
            await _until_hung_up()
            return None
        case Fault(mode="slow", seconds=seconds):
            answer = await act()
            await asyncio.sleep(seconds)
            return answer
        case Fault(mode="truncate"):
            await _cut_off(request, await act())
            return None
    return await act()


async def _cut_off(request: Request, answer: HTTPResponse) -> None:
    """Promise the whole answer, send half of it and hang up."""
    whole = answer.body or b""
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {answer.content_type}\r\nContent-Length: {len(whole)}\r\n\r\n"
    transport = cast(asyncio.Transport, request.transport)
    transport.write(head.encode() + whole[: len(whole) // 2])
    transport.close()
    await _until_hung_up()


async def _until_hung_up() -> None:
    """Say nothing; Sanic ends the handler when the connection is gone."""
    await asyncio.sleep(FOR_EVER)
