"""What people can ask about accounts."""

from datetime import datetime
from uuid import UUID

from tortoise.queryset import QuerySet

from miniapi.accounts.models import Session


def sessions_of(resident_id: UUID, *, at: datetime) -> "QuerySet[Session]":
    """Where a resident is signed in."""
    return Session.filter(resident_id=resident_id, ended_at=None, expires_at__gt=at)
