"""Thousands of random steps through seasons of a small city: the service does what the model foretells."""

import secrets
from collections import Counter
from contextlib import asynccontextmanager

import asyncpg
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as bounded
from hypothesis import strategies as st

from miniapi.database import embedded
from miniapi.database.connection import connected
from miniapi.reports.audit import differences
from tests.miniapi.seasons.season import Season
from tests.miniapi.seasons.steps import steps, terms

SEASONS = bounded(max_examples=36, deadline=None, print_blob=True, suppress_health_check=list(HealthCheck))
AT_LEAST = 2000  # steps
AUDITED_EVERY = 20  # steps


@asynccontextmanager
async def a_database(server):
    """A database of one season."""
    name = f"season_{secrets.token_hex(6)}"
    admin = await asyncpg.connect(server.url("postgres"))
    await admin.execute(f"CREATE DATABASE {name} TEMPLATE {embedded.DATABASE}")
    try:
        async with connected(server.url(name)):
            yield server.url(name)
    finally:
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await admin.close()


@pytest.fixture
def played():
    """How often each step was played, done or refused; together it is thousands of times."""
    counted = Counter()
    yield counted
    assert counted.total() >= AT_LEAST, counted


@SEASONS
@given(
    fund=st.one_of(st.integers(1_000, 5_000), st.integers(9_000, 14_000)),
    quota=st.sampled_from([4, 4, 3, 1]),
    terms=terms,
    plan=st.lists(steps, min_size=100, max_size=120),
)
async def test_every_step_of_a_season_is_as_foretold(server, library, played, fund, quota, terms, plan):
    async with a_database(server) as database:
        season = Season(library, fund, quota, terms, played)
        await season.open()
        for number, step in enumerate(plan, start=1):
            await season.step(*step)
            await season.assert_as_foretold()
            if number % AUDITED_EVERY == 0 or number == len(plan):
                assert await differences(database, library) == []
