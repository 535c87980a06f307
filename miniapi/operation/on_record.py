"""What operators do to a whole installation, written into its audit log."""

from datetime import datetime

from tortoise.transactions import in_transaction

from miniapi.audit.actions import record
from miniapi.operation import archive
from miniapi.operation.archive import Manifest

OPERATOR = "operator:cli"


async def backup_made(manifest: Manifest, *, at: datetime) -> None:
    """All of this database's data is about to be in a file; the event is not in it."""
    await _put_on_record("backup.made", manifest, at=at)


async def restore_done(manifest: Manifest, differences: int, *, at: datetime) -> None:
    """This database was filled from a file, and so many differences were found in it."""
    await _put_on_record(
        "restore.done", manifest, at=at, made_at=manifest.business_time, differences=differences
    )


async def _put_on_record(action: str, manifest: Manifest, *, at: datetime, **more: str | int) -> None:
    """The subject is the checksum of the dump: the two events of one file have the same."""
    subject = f"backup:{manifest.sha256[archive.DATABASE]}"
    told = {"keys": list(manifest.keys), "rows": sum(manifest.rows.values()), **more}
    async with in_transaction():
        await record(OPERATOR, action, subject, at=at, after=told)
