"""Homes that journeys begin in."""

import asyncio
import subprocess
from pathlib import Path

import pytest

from tests.journeys.running import House, a_house


@pytest.fixture(scope="session")
def settled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose database has its schema and nothing else: a copy is quicker than another first start."""
    house = a_house(tmp_path_factory.mktemp("settled") / "家 home")
    status, _, error = asyncio.run(house.command("migrate"))
    assert status == 0, error
    return house.home


@pytest.fixture
def house(settled: Path, tmp_path: Path) -> House:
    """A home of this test alone, which has its schema."""
    home = tmp_path / "家 home"
    subprocess.run(["cp", "-a", settled, home], check=True)
    return a_house(home)
