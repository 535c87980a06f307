"""WeChat's sandbox, and a line to it that waits a second at most."""

import pytest

from miniapi.wechat.client import WeChat


@pytest.fixture
async def wechat(sandbox):
    async with WeChat(sandbox.wechat, total_seconds=1.0) as client:
        yield client
