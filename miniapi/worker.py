"""One process that answers HTTP, started by `huanxin serve` on a socket it inherits."""

import asyncio
import socket
import sys

import uvloop

from miniapi import logs
from miniapi.app import create_app
from miniapi.processes import end_with_parent
from miniapi.settings import Settings


def main() -> None:
    """Serve on the listening socket whose number is the first argument."""
    settings = Settings.from_environment()
    if settings.secret_key is None or settings.database_url is None:
        sys.exit("HUANXIN_SECRET_KEY 和 HUANXIN_DATABASE_URL 必须设置（huanxin serve 会传给它的进程）")
    logs.begin(settings.log_level)
    end_with_parent()
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    app = create_app(settings, settings.database_url, settings.secret_key)
    app.run(sock=socket.socket(fileno=int(sys.argv[1])), single_process=True, access_log=False, motd=False)


if __name__ == "__main__":
    main()
