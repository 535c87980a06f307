"""A sandbox of one's own for each test, at a noon that does not pass."""

from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

import pytest

from tests.miniapi.sandbox.running import Running, running_sandbox


@pytest.fixture
async def sandbox(tmp_path: Path, noon: datetime) -> AsyncIterator[Running]:
    async with running_sandbox(tmp_path) as running:
        yield running
