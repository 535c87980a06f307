"""Saying on the terminal that everything answers, as soon as it does."""

import http.client
import sys
import time
from collections.abc import Sequence
from urllib.parse import urlsplit

ASK_EVERY = 0.1  # seconds
LATE_AFTER = 60.0  # seconds


def announce(addresses: Sequence[str], lines: Sequence[str]) -> None:
    """Wait until all addresses answer 200, then write the lines; one line of regret where it takes long."""
    late = time.monotonic() + LATE_AFTER
    for address in addresses:
        while not _answers(address):
            if time.monotonic() > late:
                late = float("inf")
                print(
                    f"{address} 在 {LATE_AFTER:.0f} 秒内没有就绪，请看上面的日志", file=sys.stderr, flush=True
                )
            time.sleep(ASK_EVERY)
    print("\n".join(lines), flush=True)


def _answers(address: str) -> bool:
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.netloc, timeout=2)
    try:
        connection.request("GET", parts.path or "/")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
