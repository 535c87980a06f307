"""The command `huanxin`: a signal ends it quietly from the first moment, also while Python still imports."""

import os
import signal

for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, lambda _number, _frame: os._exit(0))


def main() -> None:
    """Run the command."""
    from miniapi import cli  # takes its time

    cli.main()


if __name__ == "__main__":
    main()
