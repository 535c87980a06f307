"""Restoring a backup into an installation that has nothing yet, whole or not at all."""

import asyncio
import os
import shutil
import zipfile
from collections.abc import Collection
from datetime import datetime
from pathlib import Path

import asyncpg

from miniapi.database import schema
from miniapi.operation import archive, backup, programs
from miniapi.operation.archive import CHUNK, BackupError, Manifest
from miniapi.operation.backup import Progress

OTHERS = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
"""
RELATIONS = """
    SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
"""
NO_TIMEOUT = b"SET transaction_timeout = 0;\n"  # which PostgreSQL 17 brought
NO_TIMEOUT_ANYWHERE = b"""
    SELECT set_config(name, '0', false) FROM pg_catalog.pg_settings WHERE name = 'transaction_timeout';
"""
SERVER_TIME = "SELECT clock_timestamp()"


def check_manifest(manifest: Manifest, keys: Collection[str]) -> None:
    """Whether this version and these keys (fingerprints) can use the backup. Raises BackupError."""
    if manifest.migration > schema.LATEST:
        raise BackupError(
            f"备份来自更新的版本（{manifest.version}，{manifest.migration}）：请先把焕新升级到那个版本"
        )
    if missing := [one for one in manifest.keys if one not in keys]:
        raise BackupError(
            f"备份里的个人信息要用指纹为 {'、'.join(missing)} 的密钥打开，这里没有（这里的是："
            f"{'、'.join(keys) or '无'}）：请把需要的密钥设为 HUANXIN_SECRET_KEY（几个之间用逗号隔开），"
            "或把原来的 secret_key 复制到 HUANXIN_HOME 下（权限 0600），再恢复"
        )


async def restore(
    database_url: str,
    source: zipfile.ZipFile,
    manifest: Manifest,
    *,
    photos: Path,
    journal: Path,
    progress: Progress,
) -> None:
    """Fill an empty database in one transaction; its schema is then the backup's, to be migrated.

    Every start waits meanwhile, on the lock of migrations. Raises BackupError; the database is then as
    empty as before, and can be restored again.
    """
    connection = await asyncpg.connect(database_url)
    try:
        if not await connection.fetchval("SELECT pg_try_advisory_lock($1)", schema.LOCK):
            raise BackupError("另一个焕新正在启动或升级这个数据库：请先停止它")
        await _refuse_unless_empty(connection)
        await _refuse_to_go_back(connection, manifest)
        if archive.JOURNAL in manifest.sha256:
            _put_back(source, archive.JOURNAL, journal)
        _put_back_photos(source, manifest, photos)
        await _load(database_url, source, progress)
        found = {**await backup.rows(connection), "audit_head": await backup.audit_head(connection)}
        wanted = {**manifest.rows, "audit_head": manifest.audit_head}
        if unlike := sorted(one for one in {*found, *wanted} if found.get(one) != wanted.get(one)):
            raise BackupError(f"恢复出的与清单不符（{'、'.join(unlike)}）：请换一个空的数据库和另一份备份")
    finally:
        await connection.close()


async def _refuse_unless_empty(connection: asyncpg.Connection) -> None:
    if others := await connection.fetchval(OTHERS):
        raise BackupError(f"这个数据库正在使用（另有 {others} 个连接）：请先停止焕新，并恢复到一个空的数据库")
    if await connection.fetchval(RELATIONS):
        raise BackupError(
            "这个数据库里已有数据，不会覆盖：请换一个新的 HUANXIN_HOME（或把旧的 postgres 文件夹移走）；"
            "用自己的 PostgreSQL 时，请另建一个空库（createdb）并让 HUANXIN_DATABASE_URL 指向它"
        )


async def _refuse_to_go_back(connection: asyncpg.Connection, manifest: Manifest) -> None:
    """The offset is kept, so business time has gone on since the backup, as it does while nothing runs."""
    if not manifest.business_time:
        return
    made_at = datetime.fromisoformat(manifest.business_time)
    server_time: datetime = await connection.fetchval(SERVER_TIME)
    behind = made_at.timestamp() - manifest.shift_seconds - server_time.timestamp()
    if behind > 0:
        raise BackupError(
            f"数据库服务器的时间比备份时还早 {behind:.0f} 秒，恢复后系统时间会倒退：请先校准时间"
        )


def _put_back(source: zipfile.ZipFile, member: str, target: Path) -> None:
    """Before the database: a restore that is interrupted in between is simply done again."""
    aside = target.with_name(f"{target.name}.restored")
    with source.open(member) as kept, open(aside, "wb", opener=_privately) as copy:
        shutil.copyfileobj(kept, copy)
    aside.replace(target)


def _put_back_photos(source: zipfile.ZipFile, manifest: Manifest, folder: Path) -> None:
    for member in filter(archive.PHOTO.fullmatch, manifest.sha256):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _put_back(source, member, folder / Path(member).name)


def _privately(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


async def _load(database_url: str, source: zipfile.ZipFile, progress: Progress) -> None:
    """The dump as SQL, in one transaction: without our COMMIT at its end the server takes all of it back."""
    ask = ("--no-psqlrc", "--quiet", "--output=/dev/null", "--set=ON_ERROR_STOP=1", "--file=-")
    write = ("--file=-", "--no-owner", "--no-acl")
    async with programs.running("psql", *ask, database_url=database_url) as psql:
        psql.into.write(b"BEGIN;\n")
        async with programs.running("pg_restore", *write) as script:
            feeding = asyncio.create_task(_feed(source, script.into, progress))
            try:
                await _pour(script.out, psql.into)
                await feeding
            finally:
                feeding.cancel()
        psql.into.write(b"COMMIT;\n")
        await psql.into.drain()
        psql.into.close()


async def _feed(source: zipfile.ZipFile, into: asyncio.StreamWriter, progress: Progress) -> None:
    total, done = source.getinfo(archive.DATABASE).file_size, 0
    try:
        with source.open(archive.DATABASE) as dump:
            while chunk := dump.read(CHUNK):
                into.write(chunk)
                await into.drain()
                done += len(chunk)
                progress(f"已恢复 {done / 1_000_000:.1f} MB，共 {total / 1_000_000:.1f} MB")
    finally:
        into.close()  # whoever waits for the rest is told that there is none


async def _pour(script: asyncio.StreamReader, into: asyncio.StreamWriter) -> None:
    """The SQL from one program to the other; one line of its head is for every server from 15 on."""
    while (line := await script.readline()) not in (b"", NO_TIMEOUT):
        into.write(line)
        await into.drain()
    into.write(NO_TIMEOUT_ANYWHERE if line else b"")
    while chunk := await script.read(CHUNK):
        into.write(chunk)
        await into.drain()
