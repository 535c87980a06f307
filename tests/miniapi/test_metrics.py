import os
import signal
import subprocess
import sys
import textwrap

import pytest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.parser import text_string_to_metric_families

from miniapi import metrics


def samples(exposition: bytes) -> dict[tuple, float]:
    """Each number by its name and its labels."""
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(exposition.decode())
        for sample in family.samples
    }


def shown() -> dict[tuple, float]:
    return samples(metrics.exposition())


def played(home, script: str, *after: str) -> dict[tuple, float]:
    """What processes that share a folder show in the end: a script with its `forked` children."""
    beginning = """
        import os, signal, sys, time
        from pathlib import Path
        from miniapi import metrics

        def forked(work, end=0):
            pid = os.fork()
            if pid == 0:
                work()
                os.kill(os.getpid(), end) if end else os._exit(0)
            os.waitpid(pid, 0)
            return pid

        home = Path(sys.argv[1])
    """
    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(beginning) + textwrap.dedent(script), str(home)],
        capture_output=True,
        timeout=60,
    )
    assert run.returncode == 0, run.stderr.decode()
    return samples(run.stdout)


class TestOneProcess:
    def test_counts_for_itself(self):
        metrics.request_began()
        before = shown()
        metrics.request_ended("GET", "/one", 200, 0.02)

        after = shown()
        assert after["huanxin_http_requests_total", "GET", "/one", "200"] == 1
        assert after["huanxin_http_request_duration_seconds_bucket", "0.025", "GET", "/one"] == 1
        assert after["huanxin_http_request_duration_seconds_bucket", "0.01", "GET", "/one"] == 0
        assert after["huanxin_http_requests_in_flight",] == before["huanxin_http_requests_in_flight",] - 1

    def test_shows_which_version_it_is(self):
        (build,) = [labels for name, *labels in shown() if name == "huanxin_build_info"]

        assert len(build) == 2

    def test_shows_more_beside_what_it_counted(self):
        more = GaugeMetricFamily("huanxin_more", "More.", value=7)

        assert samples(metrics.exposition([more]))["huanxin_more",] == 7

    def test_a_job_that_was_done_has_a_time_and_one_that_failed_has_none(self):
        metrics.job_ran("done_job", "done")
        metrics.job_ran("failed_job", "failed")

        after = shown()
        assert after["huanxin_scheduler_jobs_total", "failed_job", "failed"] == 1
        assert after["huanxin_scheduler_job_last_success_timestamp_seconds", "done_job"] > 1.7e9
        assert ("huanxin_scheduler_job_last_success_timestamp_seconds", "failed_job") not in after


class TestManyProcesses:
    def test_are_summed_also_when_their_parent_has_counted_before_the_fork(self, tmp_path):
        after = played(
            tmp_path,
            """
            with metrics.shared(home, "api-1"):
                metrics.refused("not_found")
                for _ in range(3):
                    forked(lambda: metrics.refused("not_found"))
                sys.stdout.buffer.write(metrics.exposition())
            """,
        )

        assert after["huanxin_http_refusals_total", "not_found"] == 4

    def test_one_that_is_gone_keeps_its_counts_and_has_nothing_in_hand(self, tmp_path):
        after = played(
            tmp_path,
            """
            def work():
                metrics.request_began()
                metrics.request_began()
                metrics.request_ended("GET", "/one", 200, 0.02)
                metrics.job_ran("a_job", "done")

            with metrics.shared(home, "api-1"):
                for _ in range(2):
                    metrics.replaced("worker-1", forked(work, end=signal.SIGKILL))
                folder = Path(os.environ["PROMETHEUS_MULTIPROC_DIR"])
                assert not any(name.stem.split("_")[-1] not in ("ended", str(os.getpid()))
                               for name in folder.glob("*.db")), list(folder.glob("*.db"))
                sys.stdout.buffer.write(metrics.exposition())
            """,
        )

        assert after["huanxin_http_requests_total", "GET", "/one", "200"] == 2
        assert after["huanxin_http_request_duration_seconds_count", "GET", "/one"] == 2
        assert after["huanxin_http_requests_in_flight",] == 0
        assert after["huanxin_part_replacements_total", "worker-1"] == 2
        assert after["huanxin_scheduler_job_last_success_timestamp_seconds", "a_job"] > 1.7e9

    def test_one_that_left_a_damaged_file_hurts_nobody(self, tmp_path):
        after = played(
            tmp_path,
            """
            with metrics.shared(home, "api-1"):
                metrics.refused("not_found")
                folder = Path(os.environ["PROMETHEUS_MULTIPROC_DIR"])
                (folder / "counter_99999999.db").write_bytes(b"\\xff\\xff\\x00\\x00" + bytes(100))
                (folder / "counter_99999998.db").write_bytes(b"")
                metrics.ended(99999999)
                sys.stdout.buffer.write(metrics.exposition())
            """,
        )

        assert after["huanxin_http_refusals_total", "not_found"] == 1

    def test_a_scheduler_of_its_own_is_shown_too(self, tmp_path):
        after = played(
            tmp_path,
            """
            def schedule():
                with metrics.shared(home, f"scheduler-{os.getpid()}"):
                    metrics.job_ran("a_job", "done")
                    (home / "ran").touch()
                    while not (home / "shown").exists():
                        time.sleep(0.01)

            if os.fork() == 0:
                schedule()
                os._exit(0)
            while not (home / "ran").exists():
                time.sleep(0.01)
            with metrics.shared(home, "api-1"):
                sys.stdout.buffer.write(metrics.exposition())
            (home / "shown").touch()
            os.wait()
            """,
        )

        assert after["huanxin_scheduler_jobs_total", "a_job", "done"] == 1

    def test_a_scheduler_that_was_killed_is_counted_no_more(self, tmp_path):
        after = played(
            tmp_path,
            """
            if (pid := os.fork()) == 0:
                with metrics.shared(home, f"scheduler-{os.getpid()}"):
                    metrics.job_ran("a_job", "done")
                    os.kill(os.getpid(), signal.SIGKILL)
            os.wait()
            with metrics.shared(home, "api-1"):
                room = Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]).parent
                assert [one.name for one in room.iterdir()] == ["api-1"]
                sys.stdout.buffer.write(metrics.exposition())
            """,
        )

        assert ("huanxin_scheduler_jobs_total", "a_job", "done") not in after

    def test_a_start_begins_anew_and_an_end_leaves_nothing(self, tmp_path):
        after = played(
            tmp_path,
            """
            with metrics.shared(home, "api-1"):
                folder = Path(os.environ["PROMETHEUS_MULTIPROC_DIR"])
                forked(lambda: metrics.refused("not_found"))
                forked(lambda: os._exit(0))
            assert not folder.exists() and "PROMETHEUS_MULTIPROC_DIR" not in os.environ
            folder.mkdir(parents=True)
            (folder / "counter_1.db").write_bytes(b"left by a kill")
            with metrics.shared(home, "api-1"):
                sys.stdout.buffer.write(metrics.exposition())
            """,
        )

        assert ("huanxin_http_refusals_total", "not_found") not in after


@pytest.mark.parametrize("memory", ["missing", "not ours"])
def test_without_a_place_in_memory_the_home_holds_the_files(tmp_path, monkeypatch, memory):
    place = tmp_path / "memory"
    if memory == "not ours":
        place.mkdir()
        monkeypatch.setattr(os, "getuid", lambda: 12345)
    monkeypatch.setattr(metrics, "IN_MEMORY", place)
    (tmp_path / "home").mkdir()

    with metrics.shared(tmp_path / "home", "api-1"):
        assert (tmp_path / "home/metrics/api-1").is_dir()


def test_a_part_that_ends_where_nothing_is_shared_is_no_trouble():
    metrics.ended(signal.SIGKILL)
