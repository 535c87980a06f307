"""No personal datum in any log line of the whole test run: what tests use is known, and looked for.

Known is what the service itself seals, what the tests' clients send, every token, and whatever looks like a
telephone or citizen number, an openid or a token. Lines are seen in this process before they are masked,
at DEBUG, and as real processes have written them.
"""

import json
import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import wraps
from pathlib import Path
from typing import Any

from miniapi.keys import Keys
from miniapi.logs import passed
from miniapi.masking import masked

OURS = ("miniapi", "scheduler", "bot", "faq")
WHO = {"name", "phone", "id_number", "street", "contact", "code", "token", "password"}
PERSONAL = WHO | {"text", "words", "note", "reason"}
CHINESE = re.compile(r"[\u3400-\u9fff]")
SHORTEST = 6  # characters of a datum that is looked for, where it is not Chinese


class Watch(logging.Handler):
    """Sees every line and knows every datum, of one test at a time."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.seen = 0
        self.data: set[str] = set()
        self.lines: list[str] = []
        self.files: set[Path] = set()

    def emit(self, record: logging.LogRecord) -> None:
        extra = dict(passed(record))
        trace = logging.Formatter().formatException(record.exc_info) if record.exc_info else ""
        self.seen += 1
        # a traceback may quote a row, and is masked before it is written
        self.lines.append(f"{record.name} {record.getMessage()} {extra or ''} {masked(trace)}")

    def know(self, datum: str) -> None:
        """This is personal; JSON is looked into."""
        with suppress(ValueError):
            self.know_body(json.loads(datum))
        if len(datum) >= SHORTEST or (CHINESE.search(datum) and len(datum) > 1):
            self.data.add(datum)

    def know_body(self, body: Any, *, personal: bool = False) -> None:
        """What stands in these fields of a JSON body is personal."""
        if isinstance(body, Mapping):
            for name, value in body.items():
                self.know_body(value, personal=personal or name in PERSONAL)
        elif isinstance(body, list):
            for value in body:
                self.know_body(value, personal=personal)
        elif personal and isinstance(body, str):
            self.know(body)

    def offences(self) -> list[str]:
        """What was found since the last time, masked; everything is forgotten then."""
        lines, data = self.lines, self.data
        for file in self.files:
            written = file.read_text(encoding="utf-8", errors="replace")
            lines += [_fields(line) for line in written.splitlines()]
        self.lines, self.data, self.files = [], set(), set()
        text = "\n".join(lines)
        found = {datum for datum in data if datum in text}
        return [
            f"{masked(line)} (personal: {', '.join(sorted(held)) or 'by its shape'})"
            for line in lines
            if (held := {masked(datum) for datum in found if datum in line}) or masked(line) != line
        ]


def _fields(line: str) -> str:
    """The fields of a line of JSON, apart, as each was before it was written; any other line as it is."""
    with suppress(ValueError):
        if isinstance(fields := json.loads(line), dict):
            return "\n\n".join(str(value) for value in fields.values())
    return line


watch = Watch()


@contextmanager
def watching() -> Iterator[Watch]:
    """Watch everything while the block runs."""
    seal, root = Keys.seal, logging.getLogger()

    @wraps(seal)
    def known(self: Keys, text: str, *more: Any) -> Any:
        watch.know(text)
        return seal(self, text, *more)

    Keys.seal = known
    root.addHandler(watch)
    for name in OURS:
        logging.getLogger(name).setLevel(logging.DEBUG)
    try:
        yield watch
    finally:
        Keys.seal = seal
        root.removeHandler(watch)
