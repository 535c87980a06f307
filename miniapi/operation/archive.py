"""The file that a backup is: a plain zip of a manifest, the database's dump and the sandbox's journal."""

import contextlib
import hashlib
import json
import os
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

FORMAT = 1
MANIFEST = "manifest.json"
DATABASE = "database.dump"
JOURNAL = "sandbox.jsonl"
CHUNK = 1 << 20  # bytes


class BackupError(Exception):
    """A backup that cannot be made or cannot be used; the message is one line and says what to do."""


@dataclass(frozen=True)
class Manifest:
    """What a backup says of itself. It holds no secret: of each key only the fingerprint."""

    format: int
    version: str  # of Huanxin
    migration: str  # the newest that the database had
    server: str  # PostgreSQL's version
    business_time: str  # when the snapshot was taken, by the business clock
    shift_seconds: float  # business clock minus the database server's
    keys: tuple[str, ...]  # fingerprints of the secrets that the installation had, the newest first
    audit_head: str | None  # the hash of the newest event of the audit log
    rows: Mapping[str, int]
    sha256: Mapping[str, str]  # of each other member

    @classmethod
    def read(cls, written: bytes) -> "Manifest":
        """Raises BackupError where it is no manifest, or one of a newer format."""
        try:
            found: dict[str, Any] = json.loads(written)
            if found["format"] > FORMAT:
                raise BackupError(f"这份备份的格式（{found['format']}）比这个版本的新，请先升级焕新")
            return cls(**{**found, "keys": tuple(found["keys"])})
        except (ValueError, TypeError, KeyError):
            raise BackupError("备份已损坏：清单无法读取，请换一份") from None


class Growing:
    """One member of a backup while it is written: counts its bytes and knows their checksum."""

    def __init__(self, sink: Any) -> None:
        self._sink = sink
        self._digest = hashlib.sha256()
        self.written = 0

    def write(self, chunk: bytes) -> None:
        self._sink.write(chunk)
        self._digest.update(chunk)
        self.written += len(chunk)

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()


@contextmanager
def written_aside(target: Path, *, replace: bool) -> Iterator[zipfile.ZipFile]:
    """A new archive, mode 0600, that has its name only when it is whole and on the disk.

    Raises BackupError where the name is taken and `replace` is not said, or nothing can be written.
    """
    try:
        _refuse_to_overwrite(target, replace=replace)
        number, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".part")
        aside = Path(name)
        try:
            with open(number, "w+b") as file:
                with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
                    yield archive
                file.flush()
                os.fsync(file.fileno())
            _refuse_to_overwrite(target, replace=replace)
            aside.rename(target)
            _sync_folder(target.parent)
        finally:
            aside.unlink(missing_ok=True)
    except (ConnectionError, TimeoutError):
        raise  # the database's, not the disk's
    except OSError as problem:
        raise BackupError(f"无法写出 {target}：{os.strerror(problem.errno or 0)}") from None


@contextmanager
def growing(archive: zipfile.ZipFile, name: str) -> Iterator[Growing]:
    """A member whose size is not known before."""
    with archive.open(name, "w", force_zip64=True) as sink:
        yield Growing(sink)


def write_manifest(archive: zipfile.ZipFile, manifest: Manifest) -> None:
    """Last, because it holds the checksums of the others."""
    archive.writestr(MANIFEST, json.dumps(asdict(manifest), ensure_ascii=False, indent=2) + "\n")


@contextmanager
def opened(path: Path) -> Iterator[tuple[zipfile.ZipFile, Manifest]]:
    """An archive whose every byte has been checked. Raises BackupError."""
    try:
        with zipfile.ZipFile(path) as archive:
            manifest = Manifest.read(archive.read(MANIFEST))
            _check(archive, manifest)
            yield archive, manifest
    except (zipfile.BadZipFile, KeyError, EOFError):
        raise BackupError(f"{path} 不是完整的备份文件，请换一份") from None
    except FileNotFoundError:
        raise BackupError(f"没有 {path} 这个文件") from None


def _check(archive: zipfile.ZipFile, manifest: Manifest) -> None:
    if DATABASE not in manifest.sha256:
        raise BackupError("备份已损坏：清单里没有数据库，请换一份")
    for name, wanted in manifest.sha256.items():
        with archive.open(name) as member:
            if _sha256(member) != wanted:
                raise BackupError(f"备份已损坏：{name} 与清单的校验和不符，请换一份")


def _sha256(file: Any) -> str:
    digest = hashlib.sha256()
    while chunk := file.read(CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


def _refuse_to_overwrite(target: Path, *, replace: bool) -> None:
    if target.exists() and not replace:
        raise BackupError(f"{target} 已存在：换个名字，或加 --force 覆盖它")
    if target.is_dir():
        raise BackupError(f"{target} 是一个文件夹，请写明文件名")


def _sync_folder(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with contextlib.suppress(OSError):  # some file systems cannot
            os.fsync(number)
    finally:
        os.close(number)
