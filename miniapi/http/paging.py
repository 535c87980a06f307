"""Lists in pages: a cursor is the key of the last row that was given."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from uuid import UUID

from pydantic import Field
from tortoise.expressions import Q
from tortoise.models import Model
from tortoise.queryset import QuerySet

from miniapi.http.errors import invalid_field
from miniapi.http.requests import Query

Row = TypeVar("Row", bound=Model)
Thing = TypeVar("Thing")


class Page(Query):
    """Which part of a list is wanted."""

    cursor: UUID | None = None
    limit: int = Field(default=20, ge=1, le=100)


class NumberedPage(Query):
    """The same of a list whose rows are numbered."""

    cursor: int | None = Field(default=None, ge=1, le=2**63 - 1)
    limit: int = Field(default=20, ge=1, le=100)


async def page_of(
    rows: "QuerySet[Row]", page: Page | NumberedPage, *, by: str
) -> tuple[list[Row], str | None]:
    """One page of rows in the order of a column (`-` before it: falling), and the cursor of the next.

    Raises InvalidRequest for a cursor that this list did not give.
    """
    column, falling, key = by.removeprefix("-"), by.startswith("-"), rows.model._meta.pk_attr
    if page.cursor:
        last = await rows.model.get_or_none(pk=page.cursor)
        if last is None:
            raise invalid_field("cursor", "不是这个列表给出的")
        value, beyond = getattr(last, column), "lt" if falling else "gt"
        after = Q(**{f"{column}__{beyond}": value})
        if column != key:
            after |= Q(**{column: value, f"{key}__{beyond}": page.cursor})
        rows = rows.filter(after)
    found: list[Any] = await rows.order_by(by, f"-{key}" if falling else key).limit(page.limit + 1)
    more = len(found) > page.limit
    return found[: page.limit], str(found[page.limit - 1].pk) if more else None


def page_within(
    things: Sequence[Thing], page: Page, *, key: Callable[[Thing], UUID]
) -> tuple[Sequence[Thing], str | None]:
    """One page of a short list that is in its order already. Raises InvalidRequest as `page_of` does."""
    keys = [key(thing) for thing in things]
    if page.cursor and page.cursor not in keys:
        raise invalid_field("cursor", "不是这个列表给出的")
    begins = keys.index(page.cursor) + 1 if page.cursor else 0
    ends = begins + page.limit
    return things[begins:ends], str(keys[ends - 1]) if ends < len(things) else None
