"""The command `huanxin`: a signal ends it quietly from the first moment, also while Python still imports."""

import os
import signal
import sys

from miniapi import SERVING, STOPPED

SERVES = len(sys.argv) > 1 and sys.argv[1] in SERVING


def _end(_number: int, _frame: object) -> None:
    if SERVES:
        os._exit(0)
    os.write(2, f"huanxin: {STOPPED}\n".encode())
    os._exit(1)


for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, _end)


def main() -> None:
    """Run the command."""
    from miniapi import cli  # takes its time

    cli.main()


if __name__ == "__main__":
    main()
