"""Whose wallet vouchers are in: a person's other account, once that is verified."""

from uuid import UUID

from miniapi.vouchers.models import Voucher


async def move_all(person_id: UUID, source_id: UUID, target_id: UUID) -> list[UUID]:
    """Put a person's vouchers into the wallet of their other account; which they are.

    Call it inside a transaction that holds both accounts.
    """
    moved = Voucher.filter(person_id=person_id, resident_id=source_id)
    ids = [voucher.id for voucher in await moved]
    await moved.update(resident_id=target_id)
    return ids
