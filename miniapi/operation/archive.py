"""The file that a backup is: a zip of a manifest, the database's dump, photos and the sandbox's journal."""

import contextlib
import hashlib
import json
import os
import re
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

FORMAT = 1
MANIFEST = "manifest.json"
DATABASE = "database.dump"
JOURNAL = "sandbox.jsonl"
PHOTO = re.compile(r"photos/([0-9a-f]{32})")  # as members are called, and the files in the folder
CHUNK = 1 << 20  # bytes
NO_ARCHIVE = (  # what zipfile raises for bytes that are none of its own
    *(zipfile.BadZipFile, zlib.error, KeyError, EOFError),
    *(ValueError, RuntimeError),  # a place beyond the end; a password or a method that we never use
)


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


@dataclass(frozen=True)
class Aside:
    """A new file beside its future name, mode 0600."""

    path: Path
    target: Path
    replace: bool

    @contextmanager
    def written(self) -> Iterator[zipfile.ZipFile]:
        """The archive to be filled; after the block it is whole and on the disk."""
        with self.path.open("r+b") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
                yield archive
            file.flush()
            os.fsync(file.fileno())

    def check_name(self) -> None:
        """Raise BackupError where the name is taken and may not be, or is a folder's."""
        if self.target.exists() and not self.replace:
            raise BackupError(f"{self.target} 已存在：换个名字，或加 --force 覆盖它")
        if self.target.is_dir():
            raise BackupError(f"{self.target} 是一个文件夹，请写明文件名")

    def take_name(self) -> None:
        """Stand under the name from now on. Raises BackupError."""
        self.check_name()
        self.path.rename(self.target)
        _sync_folder(self.target.parent)


@contextmanager
def set_aside(target: Path, *, replace: bool) -> Iterator[Aside]:
    """A new file that is gone after the block, unless it took its name.

    Raises BackupError where the name is taken and `replace` is not said, or nothing can be written.
    """
    try:
        number, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".part")
        os.close(number)
        aside = Aside(Path(name), target, replace)
        try:
            aside.check_name()
            yield aside
        finally:
            aside.path.unlink(missing_ok=True)
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
    with contextlib.ExitStack() as until_then:
        try:
            archive = until_then.enter_context(zipfile.ZipFile(path))
            manifest = Manifest.read(archive.read(MANIFEST))
            _check(archive, manifest)
        except NO_ARCHIVE:
            raise BackupError(f"{path} 不是完整的备份文件，请换一份") from None
        except FileNotFoundError:
            raise BackupError(f"没有 {path} 这个文件") from None
        except OSError as problem:
            raise BackupError(f"无法读取 {path}：{os.strerror(problem.errno or 0)}") from None
        yield archive, manifest


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


def _sync_folder(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with contextlib.suppress(OSError):  # some file systems cannot
            os.fsync(number)
    finally:
        os.close(number)
