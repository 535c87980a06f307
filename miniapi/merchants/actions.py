"""Who acts for a merchant."""

from uuid import UUID

from miniapi.merchants.models import Member


async def end_memberships(resident_id: UUID) -> int:
    """Let somebody who leaves act for nobody any more; for how many merchants they did."""
    return await Member.filter(resident_id=resident_id).delete()
