"""The staff of the demo city: one account a role, with one password and no second factor."""

from datetime import datetime

from tortoise.transactions import in_transaction

from miniapi.audit.actions import record
from miniapi.database import sql
from miniapi.staff import passwords
from miniapi.staff.models import Staff, StaffRole
from miniapi.staff.signing_in import END_ALL

ACTOR = "operator:demo"


async def load(password: str, *, at: datetime) -> None:
    """Make the demo's accounts where they are missing, and give them this password where theirs is another.

    They get in only while the sandbox stands in for WeChat. What was disabled stays disabled, and whoever
    is called like one of them and is none stays as they are.
    """
    there = {account.username: account for account in await Staff.all()}
    known = next((account.password_hash for account in there.values() if account.demo), None)
    kept = known if known and await passwords.is_right(password, known) else await passwords.hash_of(password)
    async with in_transaction():
        for role in StaffRole:
            account = there.get(role.value)
            if account is None:
                made = await Staff.create(
                    username=role.value, roles=[role.value], password_hash=kept, demo=True, created_at=at
                )
                await record(ACTOR, "staff.add", f"staff:{made.id}", at=at, after={"roles": [role.value]})
            elif account.demo and account.password_hash != kept:
                changed = Staff.filter(id=account.id)
                await changed.update(password_hash=kept, failures=0, locked_until=None)
                await sql.rows(END_ALL, account.id)
                await record(ACTOR, "staff.reset", f"staff:{account.id}", at=at, after={"password": True})
