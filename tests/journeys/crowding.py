"""Thousands of signed-in residents before one open drop, and what each of them asks of the service."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import aiohttp
import asyncpg

from miniapi.database.connection import connected
from miniapi.demo import PROGRAMME
from miniapi.ledger import actions as ledger
from miniapi.ledger.models import AccountName
from miniapi.money import Fen
from tests.factories.crowd import NAME, UNLIMITED, settle, token_of
from tests.factories.people import SECRET
from tests.journeys.running import City
from tests.privacy import watch

BEFORE = "2024-09-01T09:58:00+08:00"
TEN = "2024-09-01T10:00:00+08:00"
AFTER = "2024-09-01T10:00:05+08:00"
ITEM_CAP_FEN = 100_000
CONNECTIONS = 400
HANGS_AFTER = 60.0  # seconds: a request that takes longer fails the test

CROWDED = {**UNLIMITED, "HUANXIN_SECRET_KEY": SECRET}  # limits nobody, opens what their names are sealed with
FIND_DROP = 'UPDATE "drop" SET quota = $1 WHERE opens_at = $2 RETURNING id'


@dataclass(frozen=True, slots=True)
class Crowd:
    """Residents numbered from one, the drop they came for, and a client that has room for all of them."""

    city: City
    http: aiohttp.ClientSession
    drop: UUID

    async def claim(self, number: int) -> tuple[int, Any]:
        """One resident claims, with a key."""
        return await self.ask(number, f"/drops/{self.drop}/claims", f"claim-{number}")

    async def ask(self, number: int, path: str, key: str, **body: Any) -> tuple[int, Any]:
        """Status and JSON of one POST by one resident. Raises aiohttp.ClientError when it is cut off."""
        headers = {"Authorization": f"Bearer {token_of(number)}", "Idempotency-Key": key}
        address = f"http://127.0.0.1:{self.city.house.port}/api/v1{path}"
        async with self.http.post(address, json=body or None, headers=headers) as answer:
            return answer.status, json.loads(await answer.read())


@asynccontextmanager
async def a_crowd(city: City, *, people: int, quota: int) -> AsyncIterator[Crowd]:
    """So many people before a drop of so many vouchers, which is open, and covered by the pool."""
    watch.know(NAME)
    now = await city.now()
    connection = await asyncpg.connect(city.house.database_url)
    try:
        await settle(connection, 1, people, at=now)
        drop = await connection.fetchval(FIND_DROP, quota, datetime.fromisoformat(TEN))
    finally:
        await connection.close()
    async with connected(city.house.database_url):
        await ledger.move(
            Fen(quota * ITEM_CAP_FEN),
            AccountName.FUND,
            AccountName.POOL,
            book=PROGRAMME,
            reason="appropriation",
            key=f"{PROGRAMME}:unspent:crowd",  # more than the notice gave, under a key the audit lets pass
            at=now,
        )
    await city.move_clock(AFTER)
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=CONNECTIONS),
        timeout=aiohttp.ClientTimeout(total=None, sock_read=HANGS_AFTER),
    ) as http:
        yield Crowd(city, http, drop)
