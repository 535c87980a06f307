"""The books as files: whole, provable, and harmless in a spreadsheet."""

import codecs
import csv
import errno
import hashlib
import json
import os
import resource
import stat
from contextlib import contextmanager
from datetime import timedelta

import pytest

from miniapi.accounts.models import Resident
from miniapi.audit import queries as audit_log
from miniapi.merchants.callers import Clerk
from miniapi.merchants.models import Merchant
from miniapi.redemption.refunding import refund
from miniapi.reports import export
from miniapi.reports.audit import snapshot
from miniapi.reports.export import ExportError, check_folder
from miniapi.vouchers.claiming import claim
from tests.factories.counter import a_redemption, a_sale
from tests.factories.people import a_resident
from tests.factories.season import an_open_drop
from tests.factories.settlement import a_settlement
from tests.miniapi.reports.test_audit import by_hand

MANY_TRANSFERS = """
    WITH moved AS (
        INSERT INTO transfer (id, key, reason, at)
        SELECT gen_random_uuid(), 'test:' || n, 'test', '2024-09-01'
        FROM generate_series(1, 1000) n RETURNING id
    )
    INSERT INTO entry (id, transfer_id, account_id, amount)
    SELECT gen_random_uuid(), moved.id, account.id, 1 FROM moved, account WHERE account.name = 'pool'
"""
NAMES = {"ledger.csv", "vouchers.csv", "redemptions.csv", "refunds.csv", "manifest.json"}


@pytest.fixture
async def voucher(database, noon, library):
    """A house with one voucher in it."""
    drop = await an_open_drop(library, noon)
    return await claim(drop.id, await a_resident(noon), library, at=noon)


@pytest.fixture
async def exported(database, tmp_path):
    """Export the house into a folder of the test's."""

    async def export_it(folder="books", differences=0):
        check_folder(tmp_path / folder)
        async with snapshot(database) as connection:
            await export.export(connection, tmp_path / folder, differences=differences)
        return tmp_path / folder

    return export_it


def rows(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


async def test_holds_every_entry_and_voucher(exported, voucher):
    folder = await exported()

    moved = [(row["key"], row["account"], row["amount_fen"]) for row in rows(folder / "ledger.csv")]
    assert moved == [
        ("test:appropriation", "fund", "-47500000"),
        ("test:appropriation", "pool", "47500000"),
        (f"voucher:{voucher.id}:reserve", "pool", "-100000"),
        (f"voucher:{voucher.id}:reserve", "reserved", "100000"),
    ]
    (row,) = rows(folder / "vouchers.csv")
    assert (row["voucher"], row["code"], row["state"]) == (str(voucher.id), voucher.code, "issued")
    assert (row["max_fen"], row["issued_at"]) == ("100000", "2024-09-01T12:00:00.000000+08:00")


async def test_says_where_the_audit_log_ended_and_what_each_file_is(exported, voucher):
    folder = await exported(differences=3)

    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    head = await audit_log.head()
    assert {path.name for path in folder.iterdir()} == NAMES
    assert (manifest["audit_seq"], manifest["audit_hash"]) == (head.seq, head.hash)
    assert manifest["differences"] == 3
    for name, part in manifest["files"].items():
        assert part["sha256"] == hashlib.sha256((folder / name).read_bytes()).hexdigest()
        assert part["rows"] == len(rows(folder / name))


async def test_is_read_by_a_spreadsheet_in_china_and_by_nobody_else(exported, voucher):
    folder = await exported()

    assert all((folder / name).read_bytes().startswith(codecs.BOM_UTF8) for name in export.FILES)
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.parametrize("typed", ["=1+1", "+86", "-2", "@SUM(A1)", "\tx", "＝1+1"])
async def test_what_somebody_typed_is_never_worked_out(exported, voucher, noon, library, typed):
    number = "24512000000012345678"
    sale = a_sale(brand=typed, model='BCD-500, "大"', serial_number="SN1", invoice_number=number)
    await a_redemption(noon, library, voucher=voucher, sale=sale)

    (row,) = rows(await exported() / "redemptions.csv")

    assert (row["brand"], row["model"], row["serial_number"]) == (f"'{typed}", 'BCD-500, "大"', "SN1")
    assert (row["invoice_number"], row["subsidy_fen"], row["state"]) == (number, "52000", "redeemed")


async def test_tells_of_what_came_back(exported, voucher, noon, library):
    sold = await a_redemption(noon, library, voucher=voucher)
    clerk = Clerk(await Resident.get(id=sold.clerk_id), "", await Merchant.get(id=sold.merchant_id))
    await a_settlement(noon, sold)
    await refund(sold.id, "顾客退货", clerk, library, at=noon + timedelta(days=1))

    (row,) = rows(await exported() / "refunds.csv")

    assert (row["redemption"], row["voucher"]) == (str(sold.id), str(voucher.id))
    assert (row["owed_fen"], row["recovered_at"]) == ("52000", "")
    assert row["refunded_at"] == "2024-09-02T12:00:00.000000+08:00"


async def test_is_of_one_snapshot(database, tmp_path, voucher):
    check_folder(tmp_path / "books")
    async with snapshot(database) as connection:
        await connection.fetch("SELECT 1")  # from here on
        await by_hand(database, "UPDATE voucher SET code = 'AFTERWARDS'")
        await export.export(connection, tmp_path / "books", differences=0)

    (row,) = rows(tmp_path / "books" / "vouchers.csv")
    assert row["code"] == voucher.code


class TestFolder:
    def test_is_made_where_there_is_none(self, tmp_path):
        check_folder(tmp_path / "of" / "mine")

        assert list((tmp_path / "of" / "mine").iterdir()) == []

    def test_must_be_empty(self, tmp_path):
        (tmp_path / "notes.txt").write_text("mine")

        with pytest.raises(ExportError, match="不是空的"):
            check_folder(tmp_path)

    def test_must_be_a_folder(self, tmp_path):
        (tmp_path / "notes.txt").write_text("mine")

        with pytest.raises(ExportError, match=r"notes\.txt"):
            check_folder(tmp_path / "notes.txt")

    async def test_is_left_as_it_was_where_a_name_was_taken_meanwhile(self, database, tmp_path, voucher):
        check_folder(tmp_path / "books")
        (tmp_path / "books" / "refunds.csv").write_text("mine")

        with pytest.raises(ExportError, match=r"refunds\.csv"):
            async with snapshot(database) as connection:
                await export.export(connection, tmp_path / "books", differences=0)

        assert [path.name for path in (tmp_path / "books").iterdir()] == ["refunds.csv"]
        assert (tmp_path / "books" / "refunds.csv").read_text() == "mine"

    async def test_is_empty_again_where_the_disk_is_full(self, exported, tmp_path, voucher, monkeypatch):
        def full(number):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr(os, "fsync", full)

        with pytest.raises(ExportError, match=os.strerror(errno.ENOSPC)):
            await exported()

        assert list((tmp_path / "books").iterdir()) == []

    async def test_is_empty_again_where_the_disk_fills_up_while_rows_come(self, database, tmp_path, voucher):
        await by_hand(database, MANY_TRANSFERS)
        check_folder(tmp_path / "books")

        async with snapshot(database) as connection:
            with small_files(), pytest.raises(ExportError, match=os.strerror(errno.EFBIG)):
                await export.export(connection, tmp_path / "books", differences=0)

            assert await connection.fetchval("SELECT 1") == 1  # and the audit can still say what it found
        assert list((tmp_path / "books").iterdir()) == []


@contextmanager
def small_files():
    """No file of this process grows beyond a kilobyte."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
