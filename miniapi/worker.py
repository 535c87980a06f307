"""One process that answers HTTP: what it needs is loaded before the fork, the rest is its life after it."""

import asyncio
import socket
from collections.abc import Callable

import uvloop

import faq.packs
from faq.matcher import Matcher
from miniapi import garbage
from miniapi.app import create_app
from miniapi.http.counters import Counters
from miniapi.http.service import Connection, hold_many_connections
from miniapi.settings import Settings
from miniapi.stopping import end_with_parent


def ready_to_fork(
    settings: Settings, database_url: str, secret_key: str, listening: socket.socket
) -> Callable[[], None]:
    """Load what workers share and open nothing; returns the life of a worker that serves on this socket."""
    library = faq.packs.load()
    matcher = Matcher(library, settings.cache)
    counters = Counters()
    garbage.settle_down()

    def work() -> None:
        end_with_parent()
        asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
        app = create_app(settings, library, matcher, database_url, secret_key, counters)
        hold_many_connections()
        app.run(sock=listening, protocol=Connection, single_process=True, access_log=False, motd=False)

    return work
