"""`huanxin audit --export`: the books as files, whatever the audit found."""

import json
import os
import sys

import pytest

from tests.factories.counter import a_voucher
from tests.journeys.running import a_house
from tests.miniapi.reports.test_audit import by_hand

NAMES = {"ledger.csv", "vouchers.csv", "redemptions.csv", "refunds.csv", "manifest.json"}
SMALL = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
os.execv(sys.argv[1], sys.argv[1:])
"""


@pytest.fixture
async def house(database, noon, library, tmp_path):
    """A house with one voucher, in the tests' database."""
    await a_voucher(noon, library)
    house = a_house(tmp_path / "home")
    house.more = {"HUANXIN_DATABASE_URL": database}
    return house


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "账 books"


async def test_a_clean_audit_writes_the_books(house, folder):
    status, said, error = await house.command("audit", "--export", str(folder))

    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert (status, error) == (0, "")
    assert said.splitlines()[-1] == "audit: 0 differences"
    assert manifest["audit_hash"] in said
    assert {path.name for path in folder.iterdir()} == NAMES
    assert manifest["differences"] == 0


async def test_an_unclean_audit_writes_them_too(house, database, folder):
    await by_hand(database, "UPDATE voucher SET reserved_fen = 1")

    status, _, error = await house.command("audit", "--export", str(folder))

    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert status == 1
    assert error.splitlines()[-1] == f"audit: {manifest['differences']} differences"
    assert manifest["differences"] == len(error.splitlines()) - 1 > 0


async def test_a_folder_with_something_in_it_is_left_alone(house, folder):
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")

    status, said, error = await house.command("audit", "--export", str(folder))

    assert (status, said, len(error.splitlines())) == (1, "", 1)
    assert str(folder) in error
    assert os.listdir(folder) == ["notes.txt"]


async def test_a_full_disk_is_said_and_leaves_nothing(house, folder):
    house.through = (sys.executable, "-B", "-c", SMALL)

    status, _, error = await house.command("audit", "--export", str(folder))

    assert (status, len(error.splitlines())) == (1, 1)
    assert str(folder) in error
    assert os.listdir(folder) == []


async def test_a_full_disk_does_not_hide_what_the_audit_found(house, database, folder):
    await by_hand(database, "UPDATE voucher SET reserved_fen = 1")
    house.through = (sys.executable, "-B", "-c", SMALL)

    status, _, error = await house.command("audit", "--export", str(folder))

    lines = error.splitlines()
    assert status == 1
    assert lines[0].startswith("huanxin: ")
    assert lines[-1] == f"audit: {len(lines) - 2} differences"
