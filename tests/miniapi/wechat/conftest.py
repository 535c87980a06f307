"""Our client, speaking to a real sandbox."""

from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

import pytest

from miniapi.wechat.client import WeChat
from tests.miniapi.sandbox.running import Running, running_sandbox


@pytest.fixture
async def sandbox(tmp_path: Path, noon: datetime) -> AsyncIterator[Running]:
    async with running_sandbox(tmp_path) as running:
        yield running


@pytest.fixture
async def wechat(sandbox: Running) -> AsyncIterator[WeChat]:
    async with WeChat(sandbox.wechat, connect_seconds=0.5, total_seconds=1.0) as opened:
        yield opened
