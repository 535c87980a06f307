import asyncio
import io
import json
import logging
import subprocess
import sys

import pytest

from miniapi import logs
from miniapi.logs import request_id

PHONE = "13812345678"


@pytest.fixture
def written():
    """A logger of this test alone, and what it writes in one form or the other."""

    def begin(form):
        stream, log = io.StringIO(), logging.getLogger("someone")
        log.propagate, log.handlers = False, [logs.handler(stream, form)]
        log.setLevel("INFO")
        return log, stream

    yield begin
    logging.getLogger("someone").handlers = []


def lines(stream):
    return [json.loads(line) for line in stream.getvalue().splitlines()]


class TestJson:
    def test_an_event_is_one_object_on_one_line(self, written):
        log, stream = written("json")

        log.info("opened %s\nand closed", "it", extra={"ms": 12, "路": "示例"})

        (line,) = lines(stream)
        assert (line["level"], line["logger"], line["event"]) == ("INFO", "someone", "opened it\nand closed")
        assert (line["ms"], line["路"]) == (12, "示例")
        assert line["at"].endswith("+08:00")
        assert {"process", "pid"} <= set(line)
        assert "request" not in line

    def test_a_traceback_is_a_field(self, written):
        log, stream = written("json")

        try:
            raise ValueError(f"no {PHONE}")
        except ValueError:
            log.exception("it failed")

        (line,) = lines(stream)
        assert line["error"].startswith("Traceback")
        assert line["error"].endswith("ValueError: no ***")

    async def test_a_line_carries_its_request_also_behind_the_answer(self, written):
        log, stream = written("json")

        async def behind():
            await asyncio.sleep(0.01)
            log.info("later")

        async def handle(number):
            request_id.set(number)
            log.info("now")
            return asyncio.create_task(behind())

        tasks = [await asyncio.create_task(handle(number)) for number in ("one", "two")]
        await asyncio.gather(*tasks)

        assert [(line["request"], line["event"]) for line in lines(stream)] == [
            ("one", "now"),
            ("two", "now"),
            ("one", "later"),
            ("two", "later"),
        ]

    def test_nothing_personal_leaves_in_message_fields_or_traceback(self, written):
        log, stream = written("json")

        log.warning("to %s", PHONE, extra={"to": {"phone": PHONE}}, stack_info=False)

        assert PHONE not in stream.getvalue()
        assert stream.getvalue().count("***") == 2

    def test_a_wrong_call_is_still_a_line_and_shows_no_argument(self, written):
        log, stream = written("json")

        log.info("one %d", "张三")

        (line,) = lines(stream)
        assert line["event"] == "one %d (TypeError in its arguments)"
        assert "张三" not in stream.getvalue()

    def test_other_readers_of_the_event_see_it_as_it_was(self, written, caplog):
        log, _ = written("json")
        log.propagate = True

        log.info("to %s", "one")

        assert caplog.records[-1].args == ("one",)


class TestText:
    def test_a_person_can_read_it(self, written):
        log, stream = written("text")

        log.info("request", extra={"route": "/readyz", "status": 200})

        assert " INFO huanxin someone: request route=/readyz status=200\n" in stream.getvalue()

    def test_it_cannot_play_with_the_terminal_nor_begin_a_line_of_its_own(self, written):
        log, stream = written("text")

        log.info("a\x1b[2Jb\nc")

        assert stream.getvalue().endswith("someone: a\\x1b[2Jb\\nc\n")


def said_by(code: str) -> list[str]:
    """What a process of its own writes to standard error, which is no terminal."""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30)
    return run.stderr.splitlines()


class TestBegin:
    def test_libraries_and_what_nobody_caught_go_the_same_way(self):
        said = said_by(
            "import logging, threading, warnings; from miniapi import logs\n"
            "logs.begin('DEBUG', None, 'worker-1')\n"
            "logging.getLogger('tortoise.db_client').debug('SELECT: %s', ['13812345678'])\n"
            "logging.getLogger('apscheduler.scheduler').warning('late')\n"
            "warnings.warn('old')\n"
            "thread = threading.Thread(target=lambda: 1 / 0); thread.start(); thread.join()\n"
            "raise KeyError('13812345678')\n"
        )

        found = [json.loads(line) for line in said]
        assert [(line["logger"], line["level"]) for line in found] == [
            ("apscheduler.scheduler", "WARNING"),
            ("py.warnings", "WARNING"),
            ("miniapi.logs", "CRITICAL"),
            ("miniapi.logs", "CRITICAL"),
        ]
        assert {line["process"] for line in found} == {"worker-1"}
        assert found[-1]["error"].endswith("KeyError: '***'")

    def test_a_fork_signs_with_its_own_name(self):
        said = said_by(
            "import logging, os; from miniapi import logs\n"
            "logs.begin('INFO', 'json', 'up')\n"
            "if os.fork() == 0:\n"
            "    logs.speak_as('worker-2'); logging.getLogger('a').info('mine'); os._exit(0)\n"
            "os.wait(); logging.getLogger('a').info('ours')\n"
        )

        assert [json.loads(line)["process"] for line in said] == ["worker-2", "up"]


class TestTurns:
    async def test_lines_of_one_turn_of_the_loop_are_written_together(self, written):
        log, stream = written("text")

        log.info("one")
        log.info("two")
        during = stream.getvalue()
        await asyncio.sleep(0)

        assert during == ""
        assert [line.rpartition(": ")[2] for line in stream.getvalue().splitlines()] == ["one", "two"]

    async def test_each_line_of_a_turn_carries_its_own_request(self, written):
        log, stream = written("json")

        async def handle(number):
            request_id.set(number)
            log.info("now")

        await asyncio.gather(handle("one"), handle("two"))
        await asyncio.sleep(0)

        assert [line["request"] for line in lines(stream)] == ["one", "two"]

    async def test_a_warning_waits_for_nothing_and_stands_behind_what_came_before(self, written):
        log, stream = written("text")

        log.info("one")
        log.warning("two")

        assert [line.rpartition(": ")[2] for line in stream.getvalue().splitlines()] == ["one", "two"]
