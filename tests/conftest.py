"""What tests stand on: a real PostgreSQL, a database of one's own, a clock that stands still."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from pathlib import Path
from string import ascii_lowercase

import asyncpg
import pytest
from sanic import Sanic

import faq.packs
from faq.matcher import Matcher
from faq.packs import Library
from miniapi import clock
from miniapi.database import embedded, schema
from miniapi.database.connection import connected
from miniapi.database.embedded import Server
from miniapi.keys import Keys
from miniapi.settings import Settings
from tests.factories.people import KEYS, SECRET
from tests.privacy import Watch, watch, watching
from tests.web import Web, serving

Sanic.test_mode = True  # several apps of one name in a process


@pytest.fixture(scope="session", autouse=True)
def watched() -> Iterator[Watch]:
    """Every log line of the run is seen; see `tests/privacy.py`."""
    with watching() as watch:
        yield watch


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown() -> Iterator[None]:
    """A test that put a personal datum into a log line fails, when everything it opened is closed."""
    yield
    assert watch.offences() == []


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One PostgreSQL for the whole run, with a migrated template database."""
    with embedded.running(tmp_path_factory.mktemp("home"), fsync=False) as running:
        asyncio.run(schema.migrate(running.url()))
        yield running


@pytest.fixture
async def database_url(server: Server) -> AsyncIterator[str]:
    """A fresh database of this test alone."""
    name = "test_" + "".join(map(secrets.choice, [ascii_lowercase] * 12))  # digits might look personal
    admin = await asyncpg.connect(server.url("postgres"))
    await admin.execute(f"CREATE DATABASE {name} TEMPLATE {embedded.DATABASE}")
    try:
        yield server.url(name)
    finally:
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await admin.close()


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[str]:
    """The same, with the models connected to it."""
    async with connected(database_url):
        yield database_url


@pytest.fixture
def noon() -> Iterator[datetime]:
    """2024-09-01, noon in Beijing, a drop open: and the clock stands still."""
    at = datetime(2024, 9, 1, 12, tzinfo=clock.SHANGHAI)
    clock.stand_still(at)
    yield at
    clock.stand_still(None)


@pytest.fixture(scope="session")
def library() -> Library:
    """The five policy packs."""
    return faq.packs.load()


@pytest.fixture(scope="session")
def matcher(library: Library, tmp_path_factory: pytest.TempPathFactory) -> Matcher:
    """All askings of the packs, ready to be searched."""
    return Matcher(library, tmp_path_factory.mktemp("words"))


@pytest.fixture(scope="session")
def keys() -> Keys:
    """The keys of the tests' installation."""
    return KEYS


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Defaults, with a home of this test alone and nobody where the sandbox would be."""
    nobody = {"HUANXIN_SANDBOX_PORT": "1"}
    return Settings.from_environment({"HUANXIN_HOME": str(tmp_path), "HUANXIN_SECRET_KEY": SECRET, **nobody})


@pytest.fixture
async def web(
    database: str, noon: datetime, settings: Settings, library: Library, matcher: Matcher, keys: Keys
) -> AsyncIterator[Web]:
    """The application on a free port; WeChat is not there unless a test brings the sandbox."""
    async with serving(settings, library, matcher, keys) as running:
        yield running
