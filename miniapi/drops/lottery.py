"""Drops that are drawn by lot: the seed, and who takes part."""

import secrets
from datetime import datetime
from uuid import UUID

from tortoise.expressions import Q
from tortoise.transactions import in_transaction

from faq.packs import Library
from miniapi.accounts.actions import held
from miniapi.accounts.errors import IdentityRequired
from miniapi.accounts.models import Resident
from miniapi.audit.actions import record
from miniapi.database import sql
from miniapi.drops import lottery_queries, lottery_rules, queries, rules
from miniapi.drops.errors import EntriesFixed, NotByLot, RegistrationNotOpen
from miniapi.drops.models import Drop, DropMode, Registration
from miniapi.keys import Keys

SEED_BYTES = 32
DRAWER = "job:draw_lotteries"

# whoever changes who takes part holds the drop against the fixing of the entries, not against each other
OPEN_ENTRIES = 'SELECT id FROM "drop" WHERE id = $1 AND entries_digest IS NULL FOR SHARE'
OPEN_ENTRIES_OF = """
    SELECT id FROM "drop" WHERE entries_digest IS NULL
      AND id IN (SELECT drop_id FROM registration WHERE resident_id = $1)
    ORDER BY id FOR SHARE
"""
# who takes part is looked for by a statement of its own: this one may have waited for the last to register
LOCK_ENTRIES = 'SELECT id FROM "drop" WHERE id = $1 AND entries_digest IS NULL FOR UPDATE'


def new_seed(keys: Keys) -> tuple[str, str]:
    """A seed nobody knows, sealed until the draw, and what is published of it now."""
    seed = secrets.token_hex(SEED_BYTES)
    return keys.seal(seed), lottery_rules.commitment(seed)


async def register(drop_id: UUID, resident: Resident, library: Library, *, at: datetime) -> Registration:
    """Take part in the draw of a drop, once a person; again gives the same registration.

    Raises NoSuchDrop, IdentityRequired, NotByLot, EntriesFixed, RegistrationNotOpen, in this order.
    """
    drop = await queries.drop(drop_id)
    if resident.person_id is None:
        raise IdentityRequired()
    if drop.mode is not DropMode.LOTTERY:
        raise NotByLot()
    if at >= drop.ends_at:
        raise EntriesFixed()
    if because := rules.why_not_open(drop, at, rules.standing_of(drop, library, at)):
        raise RegistrationNotOpen(because=because, opens_at=drop.opens_at, draws_at=drop.draws_at)
    async with in_transaction():
        account = await held(resident.id)  # so one registration of a person at a time
        if account.person_id != resident.person_id:
            raise IdentityRequired()
        await _hold_open_entries(drop.id)
        given, _ = await Registration.get_or_create(
            drop_id=drop.id,
            person_id=account.person_id,
            defaults={"resident_id": account.id, "registered_at": at},
        )
        if given.withdrawn_at is not None:
            given.registered_at, given.withdrawn_at = at, None
            await given.save(update_fields=["registered_at", "withdrawn_at"])
        given.drop = drop
    return given


async def withdraw(registration_id: UUID, resident_id: UUID, *, at: datetime) -> None:
    """Take no part in a draw after all. Raises NoSuchRegistration, EntriesFixed."""
    given = await lottery_queries.registration(registration_id, resident_id)
    if at >= given.drop.ends_at:
        raise EntriesFixed()
    async with in_transaction():
        await held(resident_id)
        await _hold_open_entries(given.drop_id)
        await Registration.filter(id=given.id, resident_id=resident_id).update(withdrawn_at=at)


async def fix_entries(drop: Drop, *, at: datetime) -> None:
    """Publish what fixes who takes part, once: from its commit nobody comes or goes any more."""
    async with in_transaction():
        if not await sql.rows(LOCK_ENTRIES, drop.id):
            return
        entries = [one.id for one in await lottery_queries.entries(drop.id)]
        digest = lottery_rules.digest(entries)
        await Drop.filter(id=drop.id).update(entries_digest=digest)
        told = {"registered": len(entries), "entries_digest": digest, "commitment": drop.seed_commitment}
        await record(DRAWER, "drop.entries_fixed", f"drop:{drop.id}", at=at, after=told)


async def move_all(person_id: UUID, source_id: UUID, target_id: UUID) -> list[UUID]:
    """Let a person take part from their other account; which registrations these are.

    Call it inside a transaction that holds both accounts.
    """
    moved = Registration.filter(person_id=person_id, resident_id=source_id)
    ids = [given.id for given in await moved]
    await moved.update(resident_id=target_id)
    return ids


async def forget_all(resident_id: UUID) -> int:
    """Let somebody who leaves take part in no draw to come; in how many they would have.

    What is fixed stays as it was published, and nobody's; only a voucher that was won keeps its person. Call
    it inside a transaction that holds the account.
    """
    own = Registration.filter(resident_id=resident_id)
    waiting = await own.filter(withdrawn_at=None, place=None).count()
    open_ones = [row["id"] for row in await sql.rows(OPEN_ENTRIES_OF, resident_id)]
    await own.filter(Q(drop_id__in=open_ones) | Q(withdrawn_at__isnull=False)).delete()
    await own.filter(Q(won=False) | Q(won=None)).update(person_id=None)
    return waiting


async def _hold_open_entries(drop_id: UUID) -> None:
    """Keep the entries of a drop from being fixed until the transaction ends. Raises EntriesFixed."""
    if not await sql.rows(OPEN_ENTRIES, drop_id):
        raise EntriesFixed()
