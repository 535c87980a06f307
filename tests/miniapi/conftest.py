"""WeChat's sandbox beside the application, for what needs WeChat."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from faq.matcher import Matcher
from faq.packs import Library
from miniapi.keys import Keys
from miniapi.settings import Settings
from tests.miniapi.sandbox.running import Running, running_sandbox
from tests.web import Web, serving


@pytest.fixture
async def sandbox(tmp_path: Path, noon: datetime) -> AsyncIterator[Running]:
    """A WeChat of this test alone, at a noon that does not pass."""
    async with running_sandbox(tmp_path) as running:
        yield running


@pytest.fixture
async def web_and_wechat(
    database: str,
    noon: datetime,
    settings: Settings,
    library: Library,
    matcher: Matcher,
    keys: Keys,
    sandbox: Running,
) -> AsyncIterator[Web]:
    """The application with the sandbox behind it; it waits for WeChat half a second at most."""
    known = replace(settings, wechat=sandbox.wechat)
    async with serving(known, library, matcher, keys, wechat_seconds=0.5) as running:
        yield running
