"""Sending what is due: the key of a call is kept before it is made, so no crash can hide that it was."""

import asyncio
import logging
import time
from collections.abc import Coroutine
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from miniapi.reminders import calls, rules
from miniapi.reminders.calls import Call, Ended, Spent
from miniapi.reminders.models import NoticeState
from miniapi.reminders.pace import Pace
from miniapi.reminders.templates import Templates
from miniapi.settings import SendingSettings
from miniapi.wechat.client import WeChat
from miniapi.wechat.errors import CannotSend, NoGrant, SendLater, WeChatUnavailable

log = logging.getLogger(__name__)

GATHER_WITHIN = 0.02  # seconds in which calls are gathered that are taken or written down together
LOOK_EVERY = 1.0  # seconds: for calls that have been waited for long enough


class Sender:
    """Sends what is due, at a pace. `stop` lets it finish what is in hand and begin nothing more."""

    def __init__(self, wechat: WeChat, templates: Templates, limits: SendingSettings) -> None:
        self._wechat, self._templates, self._limits = wechat, templates, limits
        self._pace = Pace(limits.per_second, most=limits.at_once)
        self._stopped = False

    def stop(self) -> None:
        """Begin nothing more."""
        self._stopped = True

    async def send_due(self, *, at: datetime) -> int:
        """Send every notice whose time has come, until none is left; returns how many reached WeChat.

        That may take long: time goes on from `at` meanwhile. What cannot be sent waits in the inbox.
        Raises WeChatUnavailable while nobody can say which templates there are.
        """
        if not await calls.any_due(at=at):
            return 0
        await self._templates.ids()
        await calls.take_up_stuck(at=at)
        if until := rules.quiet_until(at):
            await calls.put_off(until, at=at)
        run = _Run(at, at_once=self._limits.at_once)
        writing, waiting = asyncio.create_task(_write_down(run)), asyncio.create_task(run.give_up_late())
        try:
            await self._begin_all(run, writing)
        finally:
            await run.rest()
            waiting.cancel()
            await writing
        return run.sent

    async def _begin_all(self, run: "_Run", writing: asyncio.Task[None]) -> None:
        """Begin calls while there are any to begin and somebody writes down how they end."""
        while not (self._stopped or run.is_away or writing.done()):
            room = self._pace.take(run.room)
            if room:
                taken = await calls.take(room, self._limits.person_per_day, at=run.now())
                self._pace.give_back(room - len(taken.calls))
                for call in taken.calls:
                    run.begin(call, self._send(call))
                if not taken.more and not run.in_hand:
                    return
            await (run.some_room() if run.room < run.at_once else asyncio.sleep(self._pace.seconds_each))

    async def _send(self, call: Call) -> Ended:
        try:
            await self._wechat.send_subscribe(call.openid, call.template_id, call.fields)
        except NoGrant:
            return _not_sendable(call, "refused", "every")
        except CannotSend as problem:
            log.error("notice %s cannot be sent: %s", call.id, problem)
            return _not_sendable(call, "cannot_send")
        except WeChatUnavailable as problem:
            if problem.answer_lost:
                return _lost(call)
            return _again(call, away=not isinstance(problem, SendLater))
        return Ended(call, NoticeState.SENT, "sent", "one")


class _Run:
    """Calls in hand, and what has ended and is not written down yet: never more than `at_once` together."""

    def __init__(self, at: datetime, *, at_once: int) -> None:
        self.at_once = at_once
        self.in_hand: dict[asyncio.Task[Ended], float] = {}  # and when each began, the first one first
        self.ended: list[Ended] = []
        self.sent = 0
        self.is_over = False
        self._away = 0  # calls in a row that WeChat did not take
        self._at, self._began = at, time.monotonic()
        self._ends, self._many_end, self._frees = asyncio.Event(), asyncio.Event(), asyncio.Event()

    def now(self) -> datetime:
        """The business time, which goes on while we work."""
        return self._at + timedelta(seconds=time.monotonic() - self._began)

    @property
    def room(self) -> int:
        """How many calls may be begun."""
        return self.at_once - len(self.in_hand) - len(self.ended)

    @property
    def is_away(self) -> bool:
        """Whether WeChat has taken none of the last calls: the next run asks it again."""
        return self._away >= self.at_once

    def begin(self, call: Call, sending: Coroutine[Any, Any, Ended]) -> None:
        """Make a call beside the others."""
        task = asyncio.create_task(sending)
        self.in_hand[task] = time.monotonic()
        task.add_done_callback(partial(self._note, call))

    async def give_up_late(self) -> None:
        """Wait for no call longer than we should, until cancelled: a timer for each would cost more."""
        while True:
            await asyncio.sleep(LOOK_EVERY)
            begun_by = time.monotonic() - rules.CALL_WITHIN
            for task, began in self.in_hand.items():
                if began > begun_by:
                    break
                task.cancel()

    async def some_end(self) -> None:
        """Wait until calls have ended, and a little for others, as they are written down together."""
        if not self.ended and not self.is_over:
            self._ends.clear()
            await self._ends.wait()
        if not self._many_ended() and self.in_hand:
            self._many_end.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(GATHER_WITHIN):
                    await self._many_end.wait()

    def written_down(self, ended: int) -> None:
        """So many of what has ended stand in the database."""
        del self.ended[:ended]
        self.let_go()

    def let_go(self) -> None:
        """Whoever waits for room looks again."""
        self._frees.set()

    async def some_room(self) -> None:
        """Wait until others may be begun."""
        if self.in_hand or self.ended:
            await self._frees.wait()
        self._frees.clear()

    async def rest(self) -> None:
        """Wait for all calls in hand: nothing is begun any more."""
        if self.in_hand:
            await asyncio.wait(self.in_hand)
        self.is_over = True
        self._ends.set()

    def _note(self, call: Call, task: asyncio.Task[Ended]) -> None:
        del self.in_hand[task]
        if task.cancelled():
            ended = _lost(call)
        elif problem := task.exception():  # one that is broken stops no other
            log.error("notice %s: the call failed", call.id, exc_info=problem)
            ended = Ended(call, NoticeState.UNKNOWN, "failed")
        else:
            ended = task.result()
        self.ended.append(ended)
        self.sent += ended.state is NoticeState.SENT
        self._away = self._away + 1 if ended.away else 0
        self._ends.set()
        if self._many_ended() or not self.in_hand:
            self._many_end.set()

    def _many_ended(self) -> bool:
        return len(self.ended) * 4 >= self.at_once


async def _write_down(run: _Run) -> None:
    """Write down how calls end, until the run is over."""
    try:
        while True:
            await run.some_end()
            if not run.ended:
                return
            ended = list(run.ended)
            await calls.settle(ended, at=run.now())
            run.written_down(len(ended))
    finally:
        run.let_go()


def _lost(call: Call) -> Ended:
    """It may have arrived: tried again only where a second copy is better than none, and only once."""
    if rules.SECOND_COPY_BETTER.get(call.kind, False) and not call.lost_before:
        return Ended(call, NoticeState.OWED, "unknown", wait=rules.wait_before(call.attempt))
    return Ended(call, NoticeState.UNKNOWN, "unknown", "one")


def _again(call: Call, *, away: bool) -> Ended:
    """It was not taken, and may be in a moment."""
    outcome = "unknown" if call.lost_before else None
    return Ended(call, NoticeState.OWED, outcome, wait=rules.wait_before(call.attempt), away=away)


def _not_sendable(call: Call, outcome: str, spent: Spent = "nothing") -> Ended:
    if call.lost_before:
        return Ended(call, NoticeState.UNKNOWN, "unknown", spent)
    return Ended(call, NoticeState.INBOX, outcome, spent)
