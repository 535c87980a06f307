"""What a process writes to standard error: one line an event, without personal data."""

import logging


def begin(level: str) -> None:
    """Write events of this level and above."""
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s: %(message)s", force=True)
    for noisy in ("sanic.root", "sanic.access", "apscheduler", "tortoise", "asyncio"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
