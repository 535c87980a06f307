"""What is counted for operators. With a shared folder every process of the service counts into it.

`shared` makes that folder and names it in the environment, for the processes that are started or forked
from there; without it a process counts for itself. Every label is one of few values.
"""

import fcntl
import hashlib
import json
import os
import shutil
import struct
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path
from platform import python_version

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
    values,
)
from prometheus_client.metrics_core import Metric
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
STALLS = (0.25, 0.5, 1.0, 2.5, 5.0, 10.0)  # seconds
SCHEDULERS = "scheduler-"  # the folders of schedulers that run by themselves: their API shows them too
ENDED = "ended"  # in the place of the pid: the file of all processes that are gone
USED = "used"  # locked while somebody counts into the folder
VARIABLE = "PROMETHEUS_MULTIPROC_DIR"  # the library's
IN_MEMORY = Path("/dev/shm")  # noqa: S108  a mapped file on a full disk would kill who writes to it


class _Kept:
    """What is counted, made at the first count: only then a process knows whether it shares."""

    def __init__(self) -> None:
        values.ValueClass = values.get_value_class()
        disable_created_metrics()
        self.registry = registry = CollectorRegistry(auto_describe=False)

        def counter(name: str, about: str, *labels: str) -> Counter:
            return Counter(f"huanxin_{name}", about, labels, registry=registry)

        def histogram(name: str, about: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
            return Histogram(f"huanxin_{name}", about, labels, registry=registry, buckets=buckets)

        def gauge(name: str, about: str, mode: str, *labels: str) -> Gauge:
            return Gauge(f"huanxin_{name}", about, labels, registry=registry, multiprocess_mode=mode)  # type: ignore[arg-type]

        self.requests = counter("http_requests", "Requests answered.", "method", "route", "status")
        self.duration = histogram(
            "http_request_duration_seconds",
            "From the request's head to its answer.",
            SECONDS,
            "method",
            "route",
        )
        self.in_flight = gauge("http_requests_in_flight", "Requests in hand.", "livesum")
        self.refusals = counter("http_refusals", "Refusals and failures, by their code.", "code")
        self.replacements = counter("part_replacements", "Parts that died and were replaced.", "part")
        self.slow_queries = counter("database_slow_queries", "Queries over HUANXIN_SLOW_QUERY_MS.")
        self.pool = gauge("database_pool_connections", "Connections open.", "livesum")
        self.pool_used = gauge("database_pool_in_use", "Connections at work.", "livesum")
        self.pool_size = gauge("database_pool_size", "Connections there may be.", "livesum")
        self.pool_waiting = gauge("database_pool_waiting", "Tasks that wait for a connection.", "livesum")
        self.stalls = histogram(
            "event_loop_stall_seconds", "How long an event loop stood still.", STALLS, "part"
        )
        self.wechat = counter("wechat_calls", "Calls to WeChat.", "path", "outcome", "errcode")
        self.wechat_duration = histogram("wechat_call_duration_seconds", "WeChat's answer.", SECONDS, "path")
        self.jobs = counter("scheduler_jobs", "Runs of a job.", "job", "outcome")
        self.job_duration = histogram(
            "scheduler_job_duration_seconds", "From a job's beginning to its end.", SECONDS, "job"
        )
        self.misfires = counter("scheduler_misfires", "Runs left out: the one before was at work.", "job")
        self.notices = counter("notices", "Notices that need no more sending.", "kind", "outcome")
        self.job_success = gauge("scheduler_job_last_success_timestamp_seconds", "Unix time.", "max", "job")


@cache
def _kept() -> _Kept:
    return _Kept()


@cache  # finding them by their labels costs more than counting
def _of_request(method: str, route: str, status: int) -> tuple[Counter, Histogram]:
    kept = _kept()
    return kept.requests.labels(method, route, str(status)), kept.duration.labels(method, route)


@cache  # the same
def _of_call(path: str, outcome: str, errcode: str) -> tuple[Counter, Histogram]:
    kept = _kept()
    return kept.wechat.labels(path, outcome, errcode), kept.wechat_duration.labels(path)


def request_began() -> None:
    """A request is in hand."""
    _kept().in_flight.inc()


def request_ended(method: str, route: str, status: int, seconds: float) -> None:
    """It was answered, or its caller hung up (499)."""
    _kept().in_flight.dec()
    counted, duration = _of_request(method, route, status)
    counted.inc()
    duration.observe(seconds)


def refused(code: str) -> None:
    """A problem was the answer."""
    _kept().refusals.labels(code).inc()


def slow_query() -> None:
    """A query took longer than it should."""
    _kept().slow_queries.inc()


def pool(*, connections: int, in_use: int, size: int, waiting: int) -> None:
    """How this process's connections to the database stand."""
    kept = _kept()
    kept.pool.set(connections)
    kept.pool_used.set(in_use)
    kept.pool_size.set(size)
    kept.pool_waiting.set(waiting)


def listened_to(part: str) -> None:
    """The event loop of this part is watched from now on."""
    _kept().stalls.labels(part)


def stalled(part: str, seconds: float) -> None:
    """The event loop of this part stood still."""
    _kept().stalls.labels(part).observe(seconds)


def wechat_called(path: str, outcome: str, errcode: str, seconds: float) -> None:
    """WeChat was asked: `ok`, `refused` (with its code) or `unreachable` (no answer, or none to be read)."""
    counted, duration = _of_call(path, outcome, errcode)
    counted.inc()
    duration.observe(seconds)


def notices_ended(kind: str, outcome: str, many: int) -> None:
    """Notices of this kind were sent, may have been, or wait in the inbox; why, in a word."""
    _kept().notices.labels(kind, outcome).inc(many)


def job_misfired(job: str) -> None:
    """A job should have begun, and the run before was still at work."""
    _kept().misfires.labels(job).inc()


def job_took(job: str, seconds: float) -> None:
    """A job was at work so long, however it ended."""
    _kept().job_duration.labels(job).observe(seconds)


def job_ran(job: str, outcome: str) -> None:
    """A job ended: `done`, `waits` (it was refused), `failed`."""
    kept = _kept()
    kept.jobs.labels(job, outcome).inc()
    if outcome == "done":
        kept.job_success.labels(job).set_to_current_time()


def kept_running(part: str) -> None:
    """A part is looked after from now on: its count stands at nought, so that the first loss is seen."""
    _kept().replacements.labels(part)


def replaced(part: str, pid: int) -> None:
    """A part died and is started again; in the process that watches over the parts."""
    _kept().replacements.labels(part).inc()
    ended(pid)


def ended(pid: int) -> None:
    """What a process that is gone has counted stays counted; what it had in hand does not."""
    if (folder := _folder()) is None:
        return
    with _locked(folder, fcntl.LOCK_EX):
        mark_process_dead(pid, str(folder))
        for file in folder.glob(f"*_{pid}.db"):
            kind = file.name.removesuffix(f"_{pid}.db")
            with suppress(RuntimeError, ValueError, struct.error):  # it died while it wrote
                _add_up(file, folder / f"{kind}_{ENDED}.db", max if kind == "gauge_max" else float.__add__)
            file.unlink()


@contextmanager
def shared(home: Path, name: str) -> Iterator[None]:
    """A fresh folder for one start in this home, for this process and all that it starts or forks."""
    room = _room(home)
    folder = room / name
    for one in (folder, *room.glob(f"{SCHEDULERS}*")):
        if one == folder or not _is_used(one):
            shutil.rmtree(one, ignore_errors=True)
    folder.mkdir(parents=True)
    os.environ[VARIABLE] = str(folder)
    try:
        with open(folder / USED, "w") as used:  # the lock ends with the last of us, however we end
            fcntl.flock(used, fcntl.LOCK_EX)
            yield
    finally:
        del os.environ[VARIABLE]
        shutil.rmtree(folder, ignore_errors=True)
        with suppress(OSError):  # others count there still
            room.rmdir()


def exposition(more: Iterable[Metric] = ()) -> bytes:
    """All of it as Prometheus reads it, summed over the processes, and `more` beside it."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Fixed([_build(), *_counted(), *more]))
    return generate_latest(registry)


class _Fixed(Collector):
    """Metrics that are there already."""

    def __init__(self, metrics: list[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Metric]:
        return self._metrics


def _build() -> Metric:
    about = Metric("huanxin_build_info", "Which version this is.", "gauge")
    about.add_sample("huanxin_build_info", {"version": version("huanxin"), "python": python_version()}, 1)
    return about


def _counted() -> Iterable[Metric]:
    kept, folder = _kept(), _folder()
    if folder is None:
        return kept.registry.collect()
    with _locked(folder, fcntl.LOCK_SH):
        mine = _files(folder)
        try:
            others = (one for one in folder.parent.glob(f"{SCHEDULERS}*") if one != folder)
            beside = [file for one in others if _is_used(one) for file in _files(one)]
            summed: Iterable[Metric] = MultiProcessCollector.merge([*mine, *beside])
        except FileNotFoundError:  # a scheduler beside us just ended
            summed = MultiProcessCollector.merge(mine)
    return summed


def _is_used(folder: Path) -> bool:
    """Whether somebody who counts into a folder lives: who was killed left it as it was."""
    try:
        with open(folder / USED) as used:
            fcntl.flock(used, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _files(folder: Path) -> list[str]:
    """Those that hold something: one that was just made may be empty still."""
    return [str(file) for file in folder.glob("*.db") if file.stat().st_size]


def _folder() -> Path | None:
    found = os.environ.get(VARIABLE)
    return Path(found) if found else None


def _room(home: Path) -> Path:
    """Where the folders of a home are: in memory where there is such a place of our own."""
    place = IN_MEMORY / f"huanxin-{os.getuid()}-{hashlib.sha256(bytes(home)).hexdigest()[:12]}"
    try:
        place.mkdir(mode=0o700, exist_ok=True)
        mine = place.stat(follow_symlinks=False).st_uid == os.getuid()
    except OSError:
        mine = False
    return place if mine else home / "metrics"


@contextmanager
def _locked(folder: Path, how: int) -> Iterator[None]:
    with open(folder / "lock", "a") as lock:
        fcntl.flock(lock, how)
        yield


def _add_up(file: Path, into: Path, add: Callable[[float, float], float]) -> None:
    """Add what a file holds to another. Raises ValueError and such where it is damaged, and adds nothing."""
    found = {key: value for key, value, _, _ in MmapedDict.read_all_values_from_file(str(file))}
    for key in found:
        json.loads(key)
    kept = MmapedDict(str(into))
    for key, value in found.items():
        kept.write_value(key, add(kept.read_value(key)[0], value), 0.0)
    kept.close()
