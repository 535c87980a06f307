"""Making a backup: one snapshot of the database, while everything runs or nothing does."""

import contextlib
import zipfile
from collections.abc import Callable, Sequence
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path

import asyncpg

from miniapi import clock
from miniapi.operation import archive, on_record, programs
from miniapi.operation.archive import CHUNK, BackupError, Manifest

Progress = Callable[[str], None]

TABLES = """
    SELECT relname, format('SELECT count(*) FROM public.%I', relname) AS counted FROM pg_class
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY relname
"""
MIGRATION = "SELECT max(name) FROM tortoise_migrations WHERE app = 'miniapi'"
AUDIT_HEAD = "SELECT hash FROM audit_event ORDER BY seq DESC LIMIT 1"


async def back_up(
    database_url: str,
    target: Path,
    *,
    keys: Sequence[str],
    photos: Path,
    journal: Path,
    replace: bool,
    progress: Progress,
) -> Manifest:
    """Write one file that holds the whole installation but its key; what it says of itself comes back.

    `keys` are the fingerprints of the installation's secrets, `photos` the folder of residents' photos and
    `journal` the sandbox's file; neither need be there. Call it where the database is connected. Raises
    BackupError, and leaves nothing half under the name; no file has its name that is not on record.
    """
    connection = await asyncpg.connect(database_url)
    try:
        with archive.set_aside(target, replace=replace) as aside:
            with aside.written() as file:
                async with connection.transaction(isolation="repeatable_read", readonly=True):
                    made = await _write(connection, database_url, file, keys, photos, journal, progress)
            aside.check_name()
            if await _keeps_a_log(connection):
                await on_record.backup_made(made, at=await clock.would_start_at(database_url, None))
            aside.take_name()
            return made
    finally:
        connection.terminate()


async def _write(
    connection: asyncpg.Connection,
    database_url: str,
    target: zipfile.ZipFile,
    keys: Sequence[str],
    photos: Path,
    journal: Path,
    progress: Progress,
) -> Manifest:
    snapshot = await connection.fetchval("SELECT pg_export_snapshot()")
    if await connection.fetchval("SELECT to_regclass('tortoise_migrations')") is None:
        raise BackupError("数据库里还没有数据，没有可备份的")
    time = await connection.fetchrow(clock.READ)
    shift: timedelta = time["shift"] if time else timedelta()
    business_time = (time["server_time"] + shift).astimezone(clock.SHANGHAI) if time else None
    sha256 = {}
    if (copied := _copy(journal, target)) is not None:
        sha256[archive.JOURNAL] = copied
    sha256[archive.DATABASE] = await _dump(database_url, snapshot, target, progress)
    sha256 |= _copy_photos(photos, target, progress)  # after it: what the snapshot opens is written by now
    manifest = Manifest(
        format=archive.FORMAT,
        version=version("huanxin"),
        migration=await connection.fetchval(MIGRATION) or "",
        server=await connection.fetchval("SHOW server_version"),
        business_time=business_time.isoformat() if business_time else "",
        shift_seconds=shift.total_seconds(),
        keys=tuple(keys),
        audit_head=await audit_head(connection),
        rows=await rows(connection),
        sha256=sha256,
    )
    archive.write_manifest(target, manifest)
    return manifest


def _copy(journal: Path, target: zipfile.ZipFile) -> str | None:
    """What the sandbox had written by now, if it ever wrote: it may go on writing."""
    if not journal.exists():
        return None
    left = journal.stat().st_size
    with journal.open("rb") as source, archive.growing(target, archive.JOURNAL) as copy:
        while left and (chunk := source.read(min(left, CHUNK))):
            copy.write(chunk)
            left -= len(chunk)
        return copy.sha256


def _copy_photos(folder: Path, target: zipfile.ZipFile, progress: Progress) -> dict[str, str]:
    """The photos that there are, each under a key in the database; their checksums come back."""
    sha256 = {}
    for file in sorted(folder.iterdir()) if folder.is_dir() else ():
        member = f"photos/{file.name}"
        if not archive.PHOTO.fullmatch(member):
            continue
        with contextlib.suppress(FileNotFoundError):  # deleted meanwhile by whoever it shows something of
            content = file.read_bytes()
            with archive.growing(target, member) as copy:
                copy.write(content)
            sha256[member] = copy.sha256
            progress(f"已备份 {len(sha256)} 张照片")
    return sha256


async def _dump(database_url: str, snapshot: str, target: zipfile.ZipFile, progress: Progress) -> str:
    options = ("--format=custom", f"--snapshot={snapshot}", "--no-owner", "--no-acl")
    with archive.growing(target, archive.DATABASE) as dump:
        async with programs.running("pg_dump", *options, database_url=database_url) as running:
            while chunk := await running.out.read(CHUNK):
                dump.write(chunk)
                progress(f"已备份 {dump.written / 1_000_000:.1f} MB")
        return dump.sha256


async def rows(connection: asyncpg.Connection) -> dict[str, int]:
    """How many rows each table of ours has."""
    return {name: await connection.fetchval(counted) for name, counted in await connection.fetch(TABLES)}


async def audit_head(connection: asyncpg.Connection) -> str | None:
    """The hash of the newest event of the audit log, where there is one."""
    if not await _keeps_a_log(connection):
        return None
    head: str | None = await connection.fetchval(AUDIT_HEAD)
    return head


async def _keeps_a_log(connection: asyncpg.Connection) -> bool:
    """A database that waits for its migration may be of a version that had no log."""
    return await connection.fetchval("SELECT to_regclass('audit_event')") is not None
