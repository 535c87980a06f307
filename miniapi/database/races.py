"""Letting the database decide a race: a broken constraint becomes a refusal."""

from collections.abc import Iterator
from contextlib import contextmanager

from tortoise.exceptions import IntegrityError

from miniapi.errors import Refusal


@contextmanager
def refused_by(constraint: str, refusal: Refusal) -> Iterator[None]:
    """Raise `refusal` when this constraint is broken inside; wrap the whole transaction in it."""
    try:
        yield
    except IntegrityError as broken:
        cause = broken.args[0] if broken.args else None
        if getattr(cause, "constraint_name", None) != constraint:
            raise
        raise refusal from None
