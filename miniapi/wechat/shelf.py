"""The one access token of all workers and hosts, kept sealed in the database."""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any

from miniapi import outages
from miniapi.database import sql
from miniapi.keys import Keys, SealBroken
from miniapi.wechat.errors import TokenRefused, WeChatUnavailable
from miniapi.wechat.tokens import EARLY, FORCED_APART, Fetch

TURN = 15  # seconds that whoever fetches has: longer than asking both of WeChat's hosts takes
LOOK_EVERY = 0.1  # seconds
FORCED_A_DAY = 20

READ = """
    SELECT token_sealed, extract(epoch FROM expires_at - clock_timestamp())::float8 AS life
    FROM wechat_token WHERE appid = $1
"""
FREE = "(wechat_token.fetching_until IS NULL OR wechat_token.fetching_until <= clock_timestamp())"
TAKE_TURN = f"""
    INSERT INTO wechat_token (appid, fetching_until, forced)
    VALUES ($1, clock_timestamp() + interval '{TURN} seconds', 0)
    ON CONFLICT (appid) DO UPDATE SET fetching_until = excluded.fetching_until WHERE {FREE}
    RETURNING fetching_until
"""  # noqa: S608  the insertions are ours
MAY_FORCE = f"""
    UPDATE wechat_token SET
        forced = CASE WHEN forced_since > clock_timestamp() - interval '1 day' THEN forced + 1 ELSE 1 END,
        forced_since = CASE WHEN forced_since > clock_timestamp() - interval '1 day' THEN forced_since
            ELSE clock_timestamp() END,
        forced_at = clock_timestamp()
    WHERE appid = $1
        AND (forced_at IS NULL OR forced_at <= clock_timestamp() - interval '{FORCED_APART} seconds')
        AND (forced < {FORCED_A_DAY} OR forced_since <= clock_timestamp() - interval '1 day')
    RETURNING appid
"""  # noqa: S608
GIVE_UP_TURN = "UPDATE wechat_token SET fetching_until = NULL WHERE appid = $1 AND fetching_until = $2"
KEEP = """
    UPDATE wechat_token SET token_sealed = $2, fetching_until = NULL,
        expires_at = clock_timestamp() + make_interval(secs => $3)
    WHERE appid = $1
"""

log = logging.getLogger(__name__)


class DatabaseShelf:
    """The shelf of one mini-program. While the database is away each process asks WeChat for itself."""

    def __init__(self, appid: str, keys: Keys, ticks: Callable[[], float] = time.monotonic) -> None:
        self._appid = appid
        self._keys = keys
        self._ticks = ticks

    async def renewed(self, refused: str | None, fetch: Fetch, *, force: bool) -> tuple[str, float]:
        """A token other than the refused one, and its seconds to live: the kept one, or one of us fetches it.

        Raises WeChatUnavailable.
        """
        try:
            return await self._renewed(refused, fetch, force=force)
        except Exception as problem:
            if not outages.is_one(problem):
                raise
            log.warning("the access token is not shared: %s", outages.reason(problem))
        return await fetch(force)

    async def _renewed(self, refused: str | None, fetch: Fetch, *, force: bool) -> tuple[str, float]:
        give_up_at = self._ticks() + TURN
        while True:
            if (kept := await self._kept(refused)) is not None:
                return kept
            if turn := await sql.rows(TAKE_TURN, self._appid):
                break
            if self._ticks() >= give_up_at:
                raise WeChatUnavailable
            await asyncio.sleep(LOOK_EVERY)
        try:
            if (kept := await self._kept(refused)) is not None:  # somebody was faster than our turn
                return kept
            if force and not await sql.rows(MAY_FORCE, self._appid):
                log.error("wechat refuses a token, and another forced refresh is not allowed yet")
                raise TokenRefused
            token, life = await fetch(force)
            await sql.rows(KEEP, self._appid, self._keys.seal(token), life)
        finally:
            await sql.rows(GIVE_UP_TURN, self._appid, turn[0]["fetching_until"])
        return token, life

    async def _kept(self, refused: str | None) -> tuple[str, float] | None:
        """The kept token as long as it is worth using, unless WeChat just refused it."""
        found: list[dict[str, Any]] = await sql.rows(READ, self._appid)
        if not found or found[0]["token_sealed"] is None or found[0]["life"] <= EARLY:
            return None
        try:
            token = self._keys.unseal(found[0]["token_sealed"])
        except SealBroken:
            return None
        return None if token == refused else (token, found[0]["life"])
