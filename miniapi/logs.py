"""What a process writes to standard error: one JSON object an event, or a line a person can read.

Nothing personal leaves here: `miniapi.masking` goes over every message, field and traceback.
"""

import copy
import logging
import os
import sys
import threading
from contextvars import ContextVar
from datetime import datetime
from types import TracebackType
from typing import Any, Literal, TextIO

from pythonjsonlogger.core import RESERVED_ATTRS
from pythonjsonlogger.json import JsonFormatter

from miniapi.clock import SHANGHAI
from miniapi.masking import masked, masked_value

Format = Literal["json", "text"]

# these write parameters, addresses or one line an event of no interest below a warning
QUIET = ("sanic", "apscheduler", "tortoise", "asyncio", "asyncpg", "aiohttp", "jieba")
CONTROL = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160)) if chr(code) not in "\n\t"}
OF_A_RECORD = frozenset({*RESERVED_ATTRS, "taskName", "color_message"})

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)

log = logging.getLogger(__name__)

_part = "huanxin"


def begin(level: str, form: Format | None, part: str) -> None:
    """Write events of this level and above as this part of the service.

    Without a form a terminal gets text and everything else JSON. What nobody caught is an event too.
    """
    speak_as(part)
    if form is None:
        form = "text" if sys.stderr.isatty() else "json"
    logging.basicConfig(level=level, handlers=[handler(sys.stderr, form)], force=True)
    logging.raiseExceptions = False  # a handler in trouble would print the arguments as they are
    logging.captureWarnings(True)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    sys.excepthook = _uncaught
    threading.excepthook = lambda its: _uncaught(its.exc_type, its.exc_value, its.exc_traceback)


def speak_as(part: str) -> None:
    """Sign every line from here on as this part: a fork is another part than its parent."""
    global _part
    _part = part


def handler(stream: TextIO, form: Format) -> logging.Handler:
    """Writes to this stream, masked."""
    writing = logging.StreamHandler(stream)
    writing.setFormatter(_Json() if form == "json" else _Text())
    return writing


def _uncaught(kind: type[BaseException], problem: BaseException | None, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt | SystemExit):
        return
    log.critical("ended by %s", kind.__name__, exc_info=(kind, problem or kind(), trace))


def _at(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, SHANGHAI).isoformat(timespec="milliseconds")


def _without_personal_data(record: logging.LogRecord) -> logging.LogRecord:
    """A copy of the record, its message written out, with everything masked."""
    safe = copy.copy(record)
    try:
        said = record.getMessage()
    except Exception as problem:
        said = f"{record.msg} ({type(problem).__name__} in its arguments)"
    safe.msg, safe.args = masked(said), None
    for name, value in vars(record).items():
        if name not in OF_A_RECORD:
            setattr(safe, name, masked_value(value))
    trace = record.exc_text
    if record.exc_info and not trace:
        trace = logging.Formatter().formatException(record.exc_info)
    safe.exc_info, safe.exc_text = None, masked(trace) if trace else None
    safe.stack_info = masked(record.stack_info) if record.stack_info else None
    return safe


class _Json(JsonFormatter):
    """One object on one line."""

    def __init__(self) -> None:
        super().__init__(json_ensure_ascii=False)

    def format(self, record: logging.LogRecord) -> str:
        return super().format(_without_personal_data(record))

    def add_fields(
        self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]
    ) -> None:
        log_data.update(at=_at(record), level=record.levelname, logger=record.name, event=record.msg)
        if request := request_id.get():
            log_data["request"] = request
        log_data.update(process=_part, pid=os.getpid(), **_fields(record))
        if record.exc_text:
            log_data["error"] = record.exc_text
        if record.stack_info:
            log_data["stack"] = record.stack_info


class _Text(logging.Formatter):
    """`09:58:00.123 INFO worker miniapi.http.observing: GET /readyz status=200`, a traceback below it."""

    def format(self, record: logging.LogRecord) -> str:
        safe = _without_personal_data(record)
        fields = _fields(safe)
        if request := request_id.get():
            fields["request"] = request
        ends = "".join(f" {name}={value}" for name, value in fields.items() if value is not None)
        line = f"{_at(safe)[11:23]} {safe.levelname} {_part} {safe.name}: {safe.msg}{ends}"
        below = "".join(f"\n{text}" for text in (safe.exc_text, safe.stack_info) if text)
        return (line.replace("\n", "\\n") + below).translate(CONTROL)


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    """What the call passed as `extra`."""
    return {name: value for name, value in vars(record).items() if name not in OF_A_RECORD}
