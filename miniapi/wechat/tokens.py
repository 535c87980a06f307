"""The access token: one request for it at a time, kept while it lives, replaced when WeChat refuses it."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from miniapi.wechat.errors import TokenRefused

EARLY = 300.0  # seconds before its end at which a token is no longer used
FORCED_APART = 30.0  # seconds; WeChat allows twenty forced refreshes a day, so apart

log = logging.getLogger(__name__)

Fetch = Callable[[bool], Awaitable[tuple[str, float]]]  # force_refresh -> token, seconds to live


class Shelf(Protocol):
    """Where all processes and hosts keep the one token."""

    async def renewed(self, refused: str | None, fetch: Fetch, *, force: bool) -> tuple[str, float]:
        """A token other than the refused one, and its seconds to live: the kept one, or one of us fetches it.

        Raises WeChatUnavailable.
        """


@dataclass(frozen=True, slots=True)
class _Kept:
    token: str
    until: float


class Tokens:
    """The token of this process; with a shelf it is everybody's."""

    def __init__(
        self, fetch: Fetch, shelf: Shelf | None = None, ticks: Callable[[], float] = time.monotonic
    ) -> None:
        self._fetch = fetch
        self._shelf = shelf
        self._refused: str | None = None  # the last one
        self._ticks = ticks
        self._kept: _Kept | None = None
        self._fetching: asyncio.Task[str] | None = None
        self._may_force_at = 0.0

    async def current(self) -> str:
        """The token to use now. Everybody who waits for a new one waits for the same request."""
        if self._kept is not None and self._ticks() < self._kept.until:
            return self._kept.token
        return await self._fetched(force=False)

    async def instead_of(self, refused: str) -> str:
        """Another token than the one that WeChat just refused; asked for plainly first, then by force."""
        self._drop(refused)
        token = await self.current()
        return token if token != refused else await self.forced_instead_of(refused)

    async def forced_instead_of(self, refused: str) -> str:
        """A token that a forced refresh made. Raises TokenRefused where the last one is too near."""
        self._drop(refused)
        if self._kept is not None:
            return self._kept.token
        if self._fetching is None:
            if self._ticks() < self._may_force_at:
                log.error("wechat refuses a token that was refreshed by force less than 30 seconds ago")
                raise TokenRefused
            if self._shelf is None:  # which counts for everybody
                self._may_force_at = self._ticks() + FORCED_APART
        return await self._fetched(force=True)

    async def stop(self) -> None:
        """Wait for nothing any more."""
        if self._fetching is not None:
            self._fetching.cancel()
            await asyncio.gather(self._fetching, return_exceptions=True)

    def _drop(self, refused: str) -> None:
        self._refused = refused
        if self._kept is not None and self._kept.token == refused:
            self._kept = None

    async def _fetched(self, *, force: bool) -> str:
        if self._fetching is None:
            self._fetching = asyncio.create_task(self._fetch_and_keep(force))
            self._fetching.add_done_callback(self._landed)
        return await asyncio.shield(self._fetching)

    async def _fetch_and_keep(self, force: bool) -> str:
        if self._shelf is None:
            token, life = await self._fetch(force)
        else:
            token, life = await self._shelf.renewed(self._refused, self._fetch, force=force)
        self._kept = _Kept(token, self._ticks() + life - EARLY)
        return token

    def _landed(self, fetching: asyncio.Task[str]) -> None:
        self._fetching = None
        if not fetching.cancelled():
            fetching.exception()  # whoever still waits gets it; nobody may be waiting
