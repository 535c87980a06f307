"""What a process writes to standard error: one JSON object an event, or a line a person can read.

Nothing personal leaves here: `miniapi.masking` goes over every message, field and traceback.
"""

import asyncio
import json
import logging
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import nullcontext, suppress
from contextvars import Context, ContextVar, copy_context
from datetime import datetime
from functools import lru_cache
from itertools import islice
from types import TracebackType
from typing import Any, Literal, TextIO

import orjson

from miniapi.clock import SHANGHAI
from miniapi.masking import masked, masked_value

Format = Literal["json", "text"]

# these write parameters, addresses or one line an event of no interest below a warning
QUIET = ("sanic", "apscheduler", "tortoise", "asyncio", "asyncpg", "aiohttp", "jieba", "fontTools", "fpdf")
CONTROL = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160)) if chr(code) not in "\n\t"}
OF_EVERY_RECORD = len(vars(logging.makeLogRecord({})))  # attributes; what a call passes comes behind them
NO_FIELDS = frozenset({"message", "color_message"})

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
    # no line shows them, nor where in the code it was written
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging._srcfile = None  # as its HOWTO says
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
    writing = _Writing(stream)
    writing.setFormatter(_Json() if form == "json" else _Text())
    return writing


def passed(record: logging.LogRecord) -> Iterator[tuple[str, Any]]:
    """What the call passed as `extra`, as it was."""
    behind = islice(vars(record).items(), OF_EVERY_RECORD, None)
    return ((name, value) for name, value in behind if name not in NO_FIELDS)


def _uncaught(kind: type[BaseException], problem: BaseException | None, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt | SystemExit):
        return
    log.critical("ended by %s", kind.__name__, exc_info=(kind, problem or kind(), trace))


def _at(record: logging.LogRecord) -> str:
    second, offset = _second(int(record.created))
    return f"{second}.{int(record.created * 1000) % 1000:03d}{offset}"


@lru_cache(maxsize=4)  # a busy second has thousands of lines
def _second(since_1970: int) -> tuple[str, str]:
    written = datetime.fromtimestamp(since_1970, SHANGHAI).isoformat()
    return written[:19], written[19:]


def _said(record: logging.LogRecord) -> str:
    """The message with its arguments, masked."""
    try:
        return masked(record.getMessage())
    except Exception as problem:
        return masked(f"{record.msg} ({type(problem).__name__} in its arguments)")


def _trace(record: logging.LogRecord) -> str | None:
    """The traceback, masked."""
    trace = record.exc_text
    if record.exc_info and not trace:
        trace = logging.Formatter().formatException(record.exc_info)
    return masked(trace) if trace else None


class _Writing(logging.StreamHandler[TextIO]):
    """Writes what one turn of an event loop has to say at once: a crowd is answered many at a time.

    It is put into words then, so what a call passes must stay as it is until the turn ends. What is a warning
    or worse is written in the moment, and everything before it.
    """

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._taken: list[tuple[logging.LogRecord, Context]] = []
        self._turning: asyncio.AbstractEventLoop | None = None  # will write at the end of its turn

    def emit(self, record: logging.LogRecord) -> None:
        """Take one event."""
        self._taken.append((record, copy_context()))
        loop = asyncio._get_running_loop()
        try:
            if loop is None or record.levelno >= logging.WARNING:
                self.flush()
            elif loop is not self._turning:
                loop.call_soon(self._end_turn)
                self._turning = loop
        except Exception:
            self.handleError(record)

    def flush(self) -> None:
        """Write what was taken so far."""
        with self.lock or nullcontext():
            if self._taken:
                taken, self._taken = self._taken, []
                self.stream.write("".join(self._line(*one) for one in taken))
                super().flush()

    def _line(self, record: logging.LogRecord, context: Context) -> str:
        try:
            return context.run(self.format, record) + self.terminator
        except Exception:
            self.handleError(record)
            return ""

    def _end_turn(self) -> None:
        self._turning = None
        with suppress(OSError, ValueError):  # a disk is full, a pipe is closed: nobody is stopped by that
            self.flush()


class _Json(logging.Formatter):
    """One object on one line."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": _at(record),
            "level": record.levelname,
            "logger": record.name,
            "event": _said(record),
        }
        if request := request_id.get():
            line["request"] = request
        line.update(process=_part, pid=os.getpid(), **_fields(record))
        if trace := _trace(record):
            line["error"] = trace
        if record.stack_info:
            line["stack"] = masked(record.stack_info)
        try:
            return orjson.dumps(line, default=str).decode()
        except TypeError:  # half a character, or a number beyond 64 bits
            return json.dumps(line, default=str)


class _Text(logging.Formatter):
    """`09:58:00.123 INFO worker miniapi.http.observing: GET /readyz status=200`, a traceback below it."""

    def format(self, record: logging.LogRecord) -> str:
        fields = _fields(record)
        if request := request_id.get():
            fields["request"] = request
        ends = "".join(f" {name}={value}" for name, value in fields.items() if value is not None)
        line = f"{_at(record)[11:23]} {record.levelname} {_part} {record.name}: {_said(record)}{ends}"
        stack = masked(record.stack_info) if record.stack_info else None
        below = "".join(f"\n{text}" for text in (_trace(record), stack) if text)
        return (line.replace("\n", "\\n") + below).translate(CONTROL)


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    return {name: masked_value(value) for name, value in passed(record)}
