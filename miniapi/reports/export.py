"""The books as files for an auditor: CSV that a spreadsheet opens, with what proves them.

They hold keys of ours and no personal data. They begin with a byte order mark, without which Excel in China
takes UTF-8 for GBK; Python reads them as `utf-8-sig`. Words of people that a spreadsheet would take for a
formula have an apostrophe in front.
"""

import codecs
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import BinaryIO

import asyncpg

from miniapi import clock

FORMAT = 1
MANIFEST = "manifest.json"
HEAD = "SELECT seq, hash FROM audit_event ORDER BY seq DESC LIMIT 1"


def _time(column: str) -> str:
    return (
        f"""to_char({column} AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD"T"HH24:MI:SS.US"+08:00"')"""
        f" AS {column.rpartition('.')[2]}"
    )


def _words(column: str) -> str:
    """What somebody typed, and no spreadsheet shall work out."""
    return (
        rf"""CASE WHEN {column} ~ '^[=+@\t\r＝＋－＠-]' THEN '''' || {column} ELSE {column} END"""
        f" AS {column.rpartition('.')[2]}"
    )


FILES = {
    "ledger.csv": f"""
        SELECT t.id AS transfer, t.key, t.reason, {_time("t.at")}, a.book, a.name AS account,
               e.amount AS amount_fen
        FROM transfer t JOIN entry e ON e.transfer_id = t.id JOIN account a ON a.id = e.account_id
        ORDER BY t.id, e.amount
    """,  # noqa: S608
    "vouchers.csv": f"""
        SELECT v.id AS voucher, v.code, p.code AS programme, v.region, v.drop_id AS drop, v.rank,
               v.person_id AS person, v.state, v.max_fen, v.reserved_fen, v.subsidy_fen,
               {_time("v.issued_at")}, {_time("v.valid_until")}
        FROM voucher v JOIN "drop" d ON d.id = v.drop_id JOIN programme p ON p.id = d.programme_id
        ORDER BY v.id
    """,  # noqa: S608
    "redemptions.csv": f"""
        SELECT r.id AS redemption, r.voucher_id AS voucher, r.quote_id AS quote, p.code AS programme,
               r.merchant_id AS merchant, r.clerk_id AS clerk, r.state, r.category, r.energy_grade,
               {_words("r.brand")}, {_words("r.model")}, {_words("r.serial_number")},
               {_words("r.invoice_number")}, r.invoice_fen, r.price_fen, r.subsidy_fen,
               r.trade_in_declared, r.trade_in_category, r.pickup_id AS pickup, r.flags,
               {_time("r.redeemed_at")}, {_time("r.settled_at")}, l.settlement_id AS settlement,
               {_time("r.rejected_at")}, {_time("r.refunded_at")}, r.owed_fen, {_time("r.recovered_at")}
        FROM redemption r JOIN programme p ON p.id = r.programme_id
            LEFT JOIN settlement_line l ON l.redemption_id = r.id
        ORDER BY r.id
    """,  # noqa: S608
    "refunds.csv": f"""
        SELECT r.id AS redemption, r.voucher_id AS voucher, r.merchant_id AS merchant, r.subsidy_fen,
               {_time("r.redeemed_at")}, {_time("r.settled_at")}, {_time("r.refunded_at")}, r.owed_fen,
               {_time("r.recovered_at")}
        FROM redemption r WHERE r.state = 'refunded' ORDER BY r.refunded_at, r.id
    """,  # noqa: S608
}


class ExportError(Exception):
    """Files that cannot be written; the message is one line and says what to do."""


@dataclass(frozen=True, slots=True)
class Part:
    """One file: how many rows below its heading, and its checksum."""

    rows: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the files say, and when: `audit_seq` and `audit_hash` are where the audit log ended."""

    format: int
    version: str  # of Huanxin
    business_time: str
    differences: int
    audit_seq: int
    audit_hash: str | None
    files: dict[str, Part]


class _Growing:
    """A file while it is written; it knows its checksum."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._digest = hashlib.sha256()
        self.refused: OSError | None = None

    def write(self, chunk: bytes) -> None:
        self._file.write(chunk)
        self._digest.update(chunk)

    async def take(self, chunk: bytes) -> None:
        """The same for who hands chunks over one by one; what the disk refuses is kept for afterwards.

        asyncpg must not hear of it: it would cancel a copy that may be over, and wait for that for ever.
        """
        if self.refused is None:
            try:
                self.write(chunk)
            except OSError as problem:
                self.refused = problem

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()


def check_folder(folder: Path) -> None:
    """Make sure that there is a folder, empty and to be written to. Raises ExportError."""
    with _told_of(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise ExportError(f"{folder} 不是空的：请换一个空文件夹")
        if not os.access(folder, os.W_OK | os.X_OK):
            raise ExportError(f"无法写入 {folder}：没有权限")


async def export(connection: asyncpg.Connection, folder: Path, *, differences: int) -> Manifest:
    """Write what a snapshot holds into an empty folder, the manifest last: all of it or nothing.

    Raises ExportError; what asyncpg raises is the database's.
    """
    with ExitStack() as undoing:
        files = {}
        for name, rows in FILES.items():
            with _new(folder / name, undoing) as file:
                files[name] = await _filled(file, connection, rows)
        head = await connection.fetchrow(HEAD)
        time = await connection.fetchrow(clock.READ)
        made = Manifest(
            format=FORMAT,
            version=version("huanxin"),
            business_time=(time["server_time"] + time["shift"]).astimezone(clock.SHANGHAI).isoformat(),
            differences=differences,
            audit_seq=head["seq"] if head else 0,
            audit_hash=head["hash"] if head else None,
            files=files,
        )
        with _new(folder / MANIFEST, undoing) as file:
            file.write((json.dumps(asdict(made), ensure_ascii=False, indent=2) + "\n").encode())
        undoing.pop_all()
    return made


async def _filled(file: _Growing, connection: asyncpg.Connection, rows: str) -> Part:
    file.write(codecs.BOM_UTF8)
    status: str = await connection.copy_from_query(rows, output=file.take, format="csv", header=True)
    if file.refused is not None:
        raise file.refused
    return Part(rows=int(status.split()[-1]), sha256=file.sha256)


@contextmanager
def _new(path: Path, undoing: ExitStack) -> Iterator[_Growing]:
    """A file of its owner's alone, on the disk after the block, and gone if the rest is undone."""
    with _told_of(path), open(path, "xb", opener=_privately) as file:
        undoing.callback(path.unlink, missing_ok=True)
        yield _Growing(file)
        file.flush()
        os.fsync(file.fileno())


def _privately(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


@contextmanager
def _told_of(path: Path) -> Iterator[None]:
    """What the disk refuses is said in one line; what the database's connection does is not the disk's."""
    try:
        yield
    except (ConnectionError, TimeoutError):
        raise
    except OSError as problem:
        raise ExportError(f"无法写出 {path}：{os.strerror(problem.errno or 0)}") from None
