import json
import stat
import zipfile
from dataclasses import asdict, replace

import pytest

from miniapi.operation import archive
from miniapi.operation.archive import BackupError, Manifest

DUMP = b"PGDMP" + bytes(range(256)) * 1000


def a_manifest(**changes):
    return replace(
        Manifest(
            format=archive.FORMAT,
            version="0.1.0",
            migration="0001_initial",
            server="18.0",
            business_time="2024-09-01T12:00:00+08:00",
            shift_seconds=0.0,
            keys=("abcdef012345",),
            audit_head=None,
            rows={"drop": 4},
            sha256={},
        ),
        **changes,
    )


def written(target, *, force=False, manifest=None):
    """A whole archive."""
    with archive.set_aside(target, replace=force) as aside:
        with aside.written() as file:
            with archive.growing(file, archive.DATABASE) as dump:
                dump.write(DUMP)
            archive.write_manifest(file, manifest or a_manifest(sha256={archive.DATABASE: dump.sha256}))
        aside.take_name()
    return target


def read(path):
    with archive.opened(path) as (source, manifest):
        return source.read(archive.DATABASE), manifest


def test_what_was_written_comes_back_and_nobody_else_may_read_it(tmp_path):
    path = written(tmp_path / "夜.zip")

    dump, manifest = read(path)

    assert dump == DUMP
    assert manifest == a_manifest(sha256=manifest.sha256)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_is_there_stays_unless_told_otherwise(tmp_path):
    path = tmp_path / "backup.zip"
    path.write_text("precious")

    with pytest.raises(BackupError, match="--force"):
        written(path)
    assert path.read_text() == "precious"

    assert read(written(path, force=True))[0] == DUMP


def test_a_file_that_appears_meanwhile_stays_too(tmp_path):
    path = tmp_path / "backup.zip"

    with archive.set_aside(path, replace=False) as aside:
        path.write_text("somebody else's")
        with pytest.raises(BackupError, match="--force"):
            aside.take_name()

    assert [one.read_text() for one in tmp_path.iterdir()] == ["somebody else's"]


def test_what_took_no_name_is_gone(tmp_path):
    with archive.set_aside(tmp_path / "backup.zip", replace=False) as aside, aside.written() as file:
        file.writestr(archive.DATABASE, DUMP)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("problem", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_what_is_interrupted_leaves_nothing(tmp_path, problem):
    def interrupted():
        with archive.set_aside(tmp_path / "backup.zip", replace=False) as aside, aside.written() as file:
            file.writestr(archive.DATABASE, DUMP)
            raise problem

    with pytest.raises((BackupError, KeyboardInterrupt)):
        interrupted()

    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_said(tmp_path):
    with pytest.raises(BackupError, match="无法写出"):
        written(tmp_path / "none" / "backup.zip")


@pytest.mark.parametrize("at", [200, 100_000])
def test_one_changed_byte_is_noticed(tmp_path, at):
    path = written(tmp_path / "backup.zip")
    whole = bytearray(path.read_bytes())
    whole[at] ^= 1
    path.write_bytes(whole)

    with pytest.raises(BackupError, match="换一份"):
        read(path)


@pytest.mark.parametrize("length", [0, 10, 100_000, 256_000])
def test_a_torn_file_is_noticed(tmp_path, length):
    path = written(tmp_path / "backup.zip")
    path.write_bytes(path.read_bytes()[:length])

    with pytest.raises(BackupError, match="换一份"):
        read(path)


def test_a_dump_that_is_not_the_one_of_the_manifest_is_noticed(tmp_path):
    path = written(tmp_path / "backup.zip", manifest=a_manifest(sha256={archive.DATABASE: "0" * 64}))

    with pytest.raises(BackupError, match="校验和"):
        read(path)


@pytest.mark.parametrize(
    ("manifest", "said"),
    [
        ({**asdict(a_manifest()), "format": archive.FORMAT + 1}, "请先升级"),
        ({"format": 1}, "已损坏"),
        ({}, "已损坏"),
        ([], "已损坏"),
        (asdict(a_manifest()), "没有数据库"),
    ],
)
def test_a_manifest_that_cannot_be_used_is_said(tmp_path, manifest, said):
    path = tmp_path / "backup.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr(archive.MANIFEST, json.dumps(manifest))

    with pytest.raises(BackupError, match=said):
        read(path)


def test_what_is_not_there_is_said(tmp_path):
    with pytest.raises(BackupError, match="没有"):
        read(tmp_path / "none.zip")


def test_a_folder_is_no_backup(tmp_path):
    with pytest.raises(BackupError, match="无法读取"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("place", "byte"),
    [(b"PK\x01\x02", 10), (b"PK\x01\x02", 8), (b"PK\x01\x02", 6), (b"PK\x01\x02", 42), (b"PK\x05\x06", 16)],
    ids=["method", "encrypted", "version", "offset", "directory"],
)
def test_a_directory_that_says_what_cannot_be_is_noticed(tmp_path, place, byte):
    path = written(tmp_path / "backup.zip")
    whole = bytearray(path.read_bytes())
    whole[whole.rindex(place) + byte] ^= 0x4B
    path.write_bytes(whole)

    with pytest.raises(BackupError, match="换一份"):
        read(path)


def test_what_goes_wrong_while_it_is_open_is_not_its_fault(tmp_path):
    path = written(tmp_path / "backup.zip")

    with pytest.raises(ConnectionRefusedError), archive.opened(path):
        raise ConnectionRefusedError(111, "the database's")
