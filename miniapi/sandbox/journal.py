"""A file of JSON lines to which every change is added, and from which all is known again."""

import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)

Change = dict[str, Any]


class Journal:
    """The changes of a home, in the order in which they happened."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        # phones stand in it as they were typed
        self._file = open(path, "a+b", opener=lambda name, flags: os.open(name, flags, 0o600))  # noqa: SIM115

    def replay(self) -> Iterator[Change]:
        """What was written so far. A last line that a crash tore is cut off the file."""
        self._file.seek(0)
        whole = 0
        for line in self._file:
            if not line.endswith(b"\n"):
                log.warning("%s: the last line is torn, it is left out", self._path)
                break
            whole += len(line)
            try:
                yield json.loads(line)
            except ValueError:
                log.warning("%s: a line is no JSON, it is left out", self._path)
        self._file.truncate(whole)

    def add(self, change: Change) -> None:
        """Write one change and hand it to the system before anybody hears of it."""
        self._file.write(json.dumps(change, ensure_ascii=False).encode() + b"\n")
        self._file.flush()

    def close(self) -> None:
        self._file.close()
