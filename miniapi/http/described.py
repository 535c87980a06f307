"""What a route says of itself for its documentation, noted by the decorators that make it true."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import BaseModel
from sanic import HTTPResponse

from miniapi.errors import Refusal

Handler = Callable[..., Awaitable[HTTPResponse]]
JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Described:
    """One route: what it takes, what it answers, how it may say no beyond what every route may."""

    body: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    repeatable: bool = False
    answer: Any = None
    status: int | None = None
    content_type: str = JSON
    refuses: tuple[type[Refusal], ...] = ()


def described(handler: Handler) -> Described:
    """What is known of a route so far."""
    found: Described = getattr(handler, "described", Described())
    return found


def describe(handler: Handler, **facts: Any) -> None:
    """Note something of a route; a decorator around it (`functools.wraps`) carries it on."""
    handler.described = replace(described(handler), **facts)  # type: ignore[attr-defined]


def answers(
    shape: Any = None,
    *,
    status: int | None = None,
    content_type: str = JSON,
    refuses: Sequence[type[Refusal]] = (),
) -> Callable[[Handler], Handler]:
    """Say what a route answers: the type of its JSON (none: no body), and the refusals that are its own.

    The document is made of this and no answer is checked against it while serving; every test is.
    """

    def decorate(handler: Handler) -> Handler:
        describe(
            handler,
            answer=shape,
            status=status or (204 if shape is None else 200),
            content_type=content_type,
            refuses=tuple(refuses),
        )
        return handler

    return decorate
