"""What operators see of the real processes: their log lines and their numbers."""

import asyncio
import json
import os
import re
import signal

from tests.factories.people import an_id_number
from tests.miniapi.test_metrics import samples

DEMO = ("--as-of", "2024-09-01T09:58:00+08:00")


async def shown(city):
    """The numbers of all processes together."""
    async with city.http.get(f"http://127.0.0.1:{city.house.port}/metrics") as answer:
        assert answer.status == 200
        return samples(await answer.read())


async def shown_once(city, labels: tuple, number: int):
    """The numbers once this one is at least so great."""
    async with asyncio.timeout(20):
        while (found := await shown(city)).get(labels, 0) < number:
            await asyncio.sleep(0.2)
    return found


def lines(house):
    return [json.loads(line) for line in house.log.read_text(encoding="utf-8").splitlines()]


async def test_every_line_is_one_object_signed_by_its_part_and_tells_nothing_personal(house):
    async with house.up(*DEMO) as city:
        await city.sign_in("alice")
        await city.call("POST", "/me/identity", name="张小三", id_number=an_id_number())
        await city.call("POST", "/me/phone", phone="13812345678")
        await city.say("明天上午来收旧冰箱，示例路 8 号 2 单元 301")
        await city.sandbox("POST", "/say", user="alice", text="我叫张小三，什么时候发券")
        await city.refused("GET", "/vouchers/13812345678")
        await city.sandbox("POST", "/faults", path="*", mode="error")
        await city.refused("POST", "/login", code="no-such-code")
        await asyncio.sleep(1)

    said = lines(house)
    assert {"at", "level", "logger", "event", "process", "pid"} <= set.intersection(*map(set, said))
    assert {"worker", "scheduler"} <= {re.sub(r"-\d+$", "", line["process"]) for line in said}
    requests = [line for line in said if line["event"] == "request"]
    assert {"/api/v1/me/identity", "/api/v1/chat", "/wechat/push", "none"} <= {
        line["route"] for line in requests
    }
    assert all(len(line["request"]) == 32 for line in requests)
    assert [line["code"] for line in requests if line["status"] == 503] == ["wechat_unavailable"]


async def test_a_line_behind_an_answer_names_the_request(house):
    async with house.up(*DEMO) as city:
        await city.sign_in("alice")
        await city.sandbox("POST", "/faults", path="/cgi-bin/message/custom/send", mode="error")
        await city.sandbox("POST", "/say", user="alice", text="什么时候发券")
        await asyncio.sleep(1)

    said = lines(house)
    (push,) = [line for line in said if line.get("route") == "/wechat/push"]
    behind = [line for line in said if line["logger"] == "miniapi.chat.pushes"]
    assert [line["request"] for line in behind] == [push["request"]]


async def test_the_numbers_are_summed_over_workers_and_outlive_them(house):
    clock_route = ("huanxin_http_requests_total", "GET", "/api/v1/clock", "200")
    async with house.up(*DEMO) as city:
        for _ in range(20):
            async with city.http.get(
                f"http://127.0.0.1:{house.port}/api/v1/clock", headers={"Connection": "close"}
            ) as answer:
                assert answer.status == 200
        before = await shown_once(city, ("huanxin_scheduler_jobs_total", "announce_drops", "done"), 1)
        worker = next(line for line in lines(house) if line.get("route") == "/api/v1/clock")
        os.kill(worker["pid"], signal.SIGKILL)
        after = await shown_once(city, ("huanxin_part_replacements_total", worker["process"]), 1)

    assert before[clock_route] == after[clock_route] == 20
    assert before["huanxin_http_requests_in_flight",] == 1  # the one that asks
    assert before["huanxin_database_pool_size",] == 30  # two workers and the scheduler
    assert before["huanxin_drops_remaining", "yangling", "planned"] > 0
    assert before["huanxin_clock_offset_seconds",] != 0


async def test_a_slow_database_is_seen(house):
    house.more = {"HUANXIN_SLOW_QUERY_MS": "1"}
    async with house.up(*DEMO) as city:
        await city.sign_in("alice")
        found = await shown(city)

    slow = [line for line in lines(house) if line["event"] == "slow query"]
    assert found["huanxin_database_slow_queries_total",] >= 1
    assert all(line["ms"] >= 1 and line["sql"] for line in slow)


async def test_readiness_is_answered_in_time_while_the_database_is_frozen(house):
    async with house.up(*DEMO) as city:
        postmaster = int((house.home / "postgres/postmaster.pid").read_text().split()[0])
        group = [postmaster, *children_of(postmaster)]
        for pid in group:
            os.kill(pid, signal.SIGSTOP)
        try:
            async with asyncio.timeout(3):
                async with city.http.get(f"http://127.0.0.1:{house.port}/readyz") as ready:
                    assert ready.status == 503
            async with asyncio.timeout(2):
                async with city.http.get(f"http://127.0.0.1:{house.port}/healthz") as live:
                    assert live.status == 200
            async with asyncio.timeout(3):
                found = await shown(city)
        finally:
            for pid in group:
                os.kill(pid, signal.SIGCONT)

    assert "huanxin_vouchers" not in {name for name, *_ in found}


def children_of(parent: int) -> list[int]:
    found = []
    for number in filter(str.isdecimal, os.listdir("/proc")):
        try:
            with open(f"/proc/{number}/stat") as stat:
                if int(stat.read().rpartition(")")[2].split()[1]) == parent:
                    found.append(int(number))
        except OSError:
            continue
    return found
