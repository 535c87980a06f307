"""Reading a request whose body is a file."""

from collections.abc import Callable
from functools import wraps
from typing import Any, ClassVar

from pydantic import BaseModel, RootModel
from sanic import HTTPResponse, Request

from miniapi.http.described import JSON, Handler, describe


class File(RootModel[str]):
    """A body that is no JSON, and what it may be."""

    CONTENT_TYPES: ClassVar[tuple[str, ...]]


class Csv(File):
    """A table of a spreadsheet."""

    CONTENT_TYPES = ("text/csv",)


def file(kind: type[File]) -> Callable[[Handler], Handler]:
    """Give the handler its body as `content`, whatever the sender calls it: the reader looks into it."""

    def decorate(handler: Handler) -> Handler:
        @wraps(handler)
        async def with_file(request: Request, *args: Any, **kwargs: Any) -> HTTPResponse:
            return await handler(request, *args, content=request.body, **kwargs)

        describe(with_file, body=kind)
        return with_file

    return decorate


def content_types_of(body: type[BaseModel]) -> tuple[str, ...]:
    """What a body may be."""
    return body.CONTENT_TYPES if issubclass(body, File) else (JSON,)
