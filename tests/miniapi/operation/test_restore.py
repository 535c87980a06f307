"""A backup of a database of ours, and what becomes of it in an empty one."""

import asyncio
import json
import secrets as random
from collections import Counter
from dataclasses import replace

import asyncpg
import pytest
from tortoise.exceptions import OperationalError

from miniapi.audit.models import AuditEvent
from miniapi.audit.rules import GENESIS
from miniapi.database import sql
from miniapi.operation import archive
from miniapi.operation.archive import BackupError
from miniapi.operation.backup import back_up
from miniapi.operation.restore import check_manifest, restore
from miniapi.reports.audit import differences
from miniapi.vouchers.claiming import claim
from tests.factories.people import a_resident
from tests.factories.season import an_open_drop

KEYS = ("abcdef012345",)
TRIGGERS = "SELECT array_agg(tgname::text) FROM pg_trigger WHERE NOT tgisinternal"


@pytest.fixture
async def empty(server):
    """A database with nothing in it."""
    name = f"empty_{random.token_hex(6)}"
    admin = await asyncpg.connect(server.url("postgres"))
    await admin.execute(f"CREATE DATABASE {name}")
    try:
        yield server.url(name)
    finally:
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await admin.close()


@pytest.fixture
async def backed_up(database, noon, library, tmp_path):
    """A file of a city with one voucher."""
    drop = await an_open_drop(library, noon)
    await claim(drop.id, await a_resident(noon), library, at=noon)
    (tmp_path / "sandbox.jsonl").write_text('{"what": "user"}\n{"torn')
    return await a_backup(database, tmp_path)


async def a_backup(database, folder):
    await back_up(
        database,
        folder / "backup.zip",
        keys=KEYS,
        photos=folder / "photos",
        journal=folder / "sandbox.jsonl",
        replace=True,
        progress=lambda line: None,
    )
    return folder / "backup.zip"


async def restored(file, url, journal, **changes):
    with archive.opened(file) as (source, manifest):
        wanted = replace(manifest, **changes)
        photos = journal.with_name("restored photos")
        await restore(url, source, wanted, photos=photos, journal=journal, progress=lambda line: None)
    return manifest


async def asked(url, question):
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(question)
    finally:
        await connection.close()


async def relations(url):
    return await asked(url, "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace")


async def test_everything_is_there_again_and_adds_up(backed_up, empty, library, tmp_path):
    journal = tmp_path / "restored.jsonl"

    manifest = await restored(backed_up, empty, journal)

    assert manifest.rows["voucher"] == await asked(empty, "SELECT count(*) FROM voucher") == 1
    assert await differences(empty, library) == []
    assert journal.read_text() == '{"what": "user"}\n{"torn'
    assert manifest.keys == KEYS
    assert await asked(empty, TRIGGERS) == ["audit_event_follows"]


async def test_a_backup_under_load_is_one_snapshot(database, empty, noon, library, tmp_path):
    drop = await an_open_drop(library, noon, quota=60)
    crowd = [await a_resident(noon) for _ in range(60)]

    async def rush():
        for person in crowd:
            await claim(drop.id, person, library, at=noon)

    rushing = asyncio.create_task(rush())
    while (await sql.rows("SELECT count(*) AS n FROM voucher"))[0]["n"] < 5:
        await asyncio.sleep(0.01)
    file = await a_backup(database, tmp_path)
    await rushing
    manifest = await restored(file, empty, tmp_path / "restored.jsonl")

    assert 5 <= manifest.rows["voucher"] <= 60
    assert await differences(empty, library) == []


async def test_a_database_with_anything_in_it_is_left_alone(backed_up, empty, tmp_path):
    await asked(empty, "CREATE TABLE precious (n int)")

    with pytest.raises(BackupError, match="已有数据"):
        await restored(backed_up, empty, tmp_path / "restored.jsonl")

    assert await relations(empty) == 1
    assert not (tmp_path / "restored.jsonl").exists()


async def test_a_database_in_use_is_left_alone(backed_up, empty, tmp_path):
    user = await asyncpg.connect(empty)

    with pytest.raises(BackupError, match="正在使用"):
        await restored(backed_up, empty, tmp_path / "restored.jsonl")
    await user.close()

    assert await relations(empty) == 0


@pytest.mark.parametrize("how", ["stopped", "the file cannot be read on"])
async def test_an_interrupted_restore_leaves_nothing_and_can_be_done_again(backed_up, empty, tmp_path, how):
    def interrupt(line):
        if how == "stopped":
            restoring.cancel()
        else:
            raise OSError(5, "Input/output error")

    with archive.opened(backed_up) as (source, manifest):
        restoring = asyncio.create_task(
            restore(
                empty,
                source,
                manifest,
                photos=tmp_path / "restored photos",
                journal=tmp_path / "restored.jsonl",
                progress=interrupt,
            )
        )
        with pytest.raises((asyncio.CancelledError, OSError)):
            await restoring
    while await asked(empty, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'psql'"):
        await asyncio.sleep(0.05)  # the server notices that nobody is there any more
    assert await relations(empty) == 0

    await restored(backed_up, empty, tmp_path / "restored.jsonl")


async def test_a_server_whose_clock_is_behind_is_refused(backed_up, empty, tmp_path):
    with archive.opened(backed_up) as (_, manifest):
        shift = manifest.shift_seconds - 60

    with pytest.raises(BackupError, match="校准时间"):
        await restored(backed_up, empty, tmp_path / "restored.jsonl", shift_seconds=shift)

    assert await relations(empty) == 0


async def test_photos_come_back_as_they_were(database, empty, tmp_path):
    name, folder = "0" * 31 + "7", tmp_path / "photos"
    folder.mkdir()
    for file in (name, f"{name}.part", ".swept"):
        (folder / file).write_bytes(b"sealed")

    await restored(await a_backup(database, tmp_path), empty, tmp_path / "restored.jsonl")

    again = tmp_path / "restored photos"
    assert {file.name: file.read_bytes() for file in again.iterdir()} == {name: b"sealed"}
    assert (again / name).stat().st_mode & 0o777 == 0o600


async def test_a_backup_is_on_record_and_not_in_itself(backed_up, empty, library, tmp_path):
    with archive.opened(backed_up) as (_, manifest):
        told = await AuditEvent.get(action="backup.made")
    await restored(backed_up, empty, tmp_path / "restored.jsonl")

    assert (told.actor, told.subject) == ("operator:cli", f"backup:{manifest.sha256[archive.DATABASE]}")
    assert json.loads(told.after) == {"keys": list(KEYS), "rows": sum(manifest.rows.values())}
    assert (manifest.audit_head or GENESIS) == told.previous
    assert await asked(empty, "SELECT count(*) FROM audit_event WHERE action = 'backup.made'") == 0
    assert await differences(empty, library) == []


async def test_no_file_has_its_name_where_the_event_cannot_be_written(database, tmp_path):
    owner = await asyncpg.connect(database)
    await owner.execute("REVOKE INSERT ON audit_event FROM huanxin_service")

    with pytest.raises(OperationalError, match="audit_event"):
        await a_backup(database, tmp_path)
    await owner.close()

    assert list(tmp_path.iterdir()) == []


async def test_a_second_backup_follows_the_first_ones_event(backed_up, database, tmp_path):
    first = await AuditEvent.get(action="backup.made")

    with archive.opened(await a_backup(database, tmp_path)) as (_, manifest):
        assert manifest.audit_head == first.hash


async def test_an_empty_database_is_nothing_to_back_up(empty, tmp_path):
    with pytest.raises(BackupError, match="没有数据"):
        await a_backup(empty, tmp_path)

    assert list(tmp_path.iterdir()) == []


async def test_a_newer_schema_and_a_missing_key_are_refused_with_what_to_do(backed_up):
    with archive.opened(backed_up) as (_, manifest):
        check_manifest(manifest, KEYS)
        with pytest.raises(BackupError, match="升级"):
            check_manifest(replace(manifest, migration="9999_later"), KEYS)
        with pytest.raises(BackupError, match=r"abcdef012345.*ffffffffffff.*HUANXIN_SECRET_KEY"):
            check_manifest(manifest, ["ffffffffffff"])


async def test_a_backup_says_of_itself_what_is_needed_and_no_secret(backed_up):
    with archive.opened(backed_up) as (source, manifest):
        members = Counter(source.namelist())

    assert members == Counter([archive.DATABASE, archive.JOURNAL, archive.MANIFEST])
    assert manifest.migration
    assert manifest.business_time.endswith("+08:00")
    assert manifest.server.startswith("18")
