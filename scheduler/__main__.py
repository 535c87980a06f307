"""The scheduler's process: `python -m scheduler`, started by `huanxin scheduler` and `huanxin up`."""

import asyncio
import contextlib
import logging
import signal
import sys

from miniapi import clock, logs
from miniapi.database.connection import connected
from miniapi.processes import end_with_parent
from miniapi.reminders.templates import Templates
from miniapi.settings import Settings
from miniapi.wechat.client import WeChat
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
    async with (
        leader.leading(database_url) as connection,
        connected(database_url),
        WeChat(settings.wechat) as wechat,
    ):
        await clock.follow(database_url)
        timetable = running.Running(Tools(wechat, Templates(wechat)))
        try:
            await leader.watch(connection)
        finally:
            await timetable.end()
            await clock.stop()


if __name__ == "__main__":
    settings = Settings.from_environment()
    if settings.database_url is None:
        sys.exit("HUANXIN_DATABASE_URL 必须设置（huanxin scheduler 会传给它）")
    logs.begin(settings.log_level)
    end_with_parent()
    try:
        asyncio.run(main(settings, settings.database_url))
    except leader.LeadershipLost as lost:
        sys.exit(f"scheduler: {lost}")
