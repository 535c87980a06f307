"""The scheduler's process: `python -m scheduler`, started by `huanxin scheduler` and `huanxin up`."""

import asyncio
import contextlib
import logging
import signal
import sys

import faq.packs
from miniapi import clock, garbage, logs, stalls
from miniapi.database import presence
from miniapi.database.connection import WORKING, connected
from miniapi.operation import secrets
from miniapi.reminders.sending import Sender
from miniapi.reminders.templates import Templates
from miniapi.settings import Settings
from miniapi.stopping import end_with_parent
from miniapi.wechat.client import WeChat
from miniapi.wechat.shelf import DatabaseShelf
from scheduler import leader, running
from scheduler.jobs import Tools

log = logging.getLogger("scheduler")


async def main(settings: Settings, database_url: str) -> None:
    """Lead when nobody else does, work until told to stop; the job in hand is finished."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    working = asyncio.create_task(_work(settings, database_url))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
    working.cancel()
    stopping.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await working


async def _work(settings: Settings, database_url: str) -> None:
    keys = secrets.known_keys(settings)
    ids = keys.ids if keys else ()
    name = presence.name_of(ids) if ids else None
    async with (
        stalls.watched("scheduler"),
        connected(database_url, bounds=WORKING, slow_query_ms=settings.slow_query_ms, keys=ids),
        WeChat(settings.wechat, DatabaseShelf(settings.wechat.appid, keys) if keys else None) as wechat,
    ):
        await clock.follow(database_url, once_started=True, session_name=name)
        templates, library = Templates(wechat), faq.packs.load()
        garbage.settle_down()
        try:
            while True:
                sender = Sender(wechat, templates, settings.sending)
                try:
                    await _lead(Tools(sender, library, keys, settings.photos, wechat), database_url)
                except leader.LeadershipLost as lost:
                    log.warning("this scheduler leads no more: %s", lost)
        finally:
            await clock.stop()


async def _lead(tools: Tools, database_url: str) -> None:
    async with leader.leading(database_url) as connection:
        timetable = running.Running(tools)
        try:
            await leader.watch(connection)
        finally:
            await timetable.end()


if __name__ == "__main__":
    settings = Settings.from_environment()
    if settings.database_url is None:
        sys.exit("HUANXIN_DATABASE_URL 必须设置（huanxin scheduler 会传给它）")
    logs.begin(settings.log_level, settings.log_format, "scheduler")
    end_with_parent()
    asyncio.run(main(settings, settings.database_url))
