import mmap
import multiprocessing
import os
import signal
import time
from bisect import bisect_left

from hypothesis import given
from hypothesis import strategies as st

from miniapi.http.counters import PERIOD, SECRET, SET_BYTES, WAYS, Counters

SECOND = 10**9
waits = st.lists(st.integers(0, 20 * SECOND), min_size=1, max_size=60)


class Ticks:
    """A monotonic clock that a test moves."""

    def __init__(self):
        self.now = 10**15

    def __call__(self):
        return self.now


class TestAKey:
    @given(limit=st.integers(1, 50))
    def test_gets_its_whole_limit_at_once_and_not_one_more(self, limit):
        counters = Counters(sets=1, ticks=Ticks())

        taken = [counters.take("a", limit) for _ in range(limit + 3)]

        assert taken[:limit] == [0] * limit
        assert min(taken[limit:]) >= 1

    @given(limit=st.integers(1, 20), waits=waits)
    def test_never_gets_more_than_its_limit_and_what_came_back_since(self, limit, waits):
        ticks = Ticks()
        counters = Counters(sets=1, ticks=ticks)
        allowed = []

        for wait in waits:
            ticks.now += wait
            if not counters.take("a", limit):
                allowed.append(ticks.now)

        for begins in range(len(allowed)):
            within = bisect_left(allowed, allowed[begins] + PERIOD) - begins
            assert within <= 2 * limit

    @given(limit=st.integers(1, 20), waits=waits)
    def test_gets_one_when_it_has_waited_as_long_as_it_was_told(self, limit, waits):
        ticks = Ticks()
        counters = Counters(sets=1, ticks=ticks)

        for wait in waits:
            ticks.now += wait
            if seconds := counters.take("a", limit):
                assert 1 <= seconds <= 60
                ticks.now += seconds * SECOND
                assert counters.take("a", limit) == 0

    def test_has_its_whole_limit_again_after_a_minute_of_silence(self):
        ticks = Ticks()
        counters = Counters(sets=1, ticks=ticks)
        assert [counters.take("a", 5) > 0 for _ in range(6)] == [False] * 5 + [True]

        ticks.now += PERIOD

        assert [counters.take("a", 5) > 0 for _ in range(6)] == [False] * 5 + [True]

    def test_is_not_counted_where_it_was_refused(self):
        ticks = Ticks()
        counters = Counters(sets=1, ticks=ticks)
        for _ in range(1000):
            counters.take("a", 1)

        ticks.now += PERIOD

        assert counters.take("a", 1) == 0

    def test_knows_nothing_of_another(self):
        counters = Counters(ticks=Ticks())
        for n in range(1000):
            assert counters.take(f"a{n}", 1) == 0
            assert counters.take(f"a{n}", 1) == 60


class TestAFullTable:
    def test_forgets_whoever_is_whole_again_soonest(self):
        counters = Counters(sets=1, ticks=Ticks())
        for _ in range(10):
            counters.take("busy", 10)
        for n in range(100 * WAYS):
            counters.take(f"passing-{n}", 10)

        assert counters.take("busy", 10) > 0

    def test_takes_everybody(self):
        counters = Counters(sets=1, ticks=Ticks())

        assert {counters.take(f"a{n}", 1) for n in range(100 * WAYS)} == {0}


def test_a_write_that_was_cut_off_keeps_nobody_out_for_longer_than_a_period():
    ticks = Ticks()
    counters = Counters(sets=1, ticks=ticks)
    counters.take("a", 10)
    with mmap.mmap(counters.number, 0) as table:
        for at in range(SECRET + 8, SECRET + SET_BYTES, 16):  # every moment, as torn as can be
            table[at : at + 8] = b"\xff" * 8
    assert 1 <= counters.take("a", 10) <= 6

    ticks.now += PERIOD

    assert counters.take("a", 10) == 0


def hammer(counters, begin, limit, tries, told):
    begin.wait()
    told.put(sum(counters.take("one", limit) == 0 for _ in range(tries)))


class TestProcesses:
    def test_get_together_exactly_the_limit(self):
        counters = Counters(ticks=Ticks())  # time stands still for all of them
        forking = multiprocessing.get_context("fork")
        begin, told = forking.Event(), forking.Queue()
        workers = [forking.Process(target=hammer, args=(counters, begin, 3000, 2500, told)) for _ in range(3)]
        for worker in workers:
            worker.start()

        begin.set()
        allowed = [told.get(timeout=60) for _ in workers]
        for worker in workers:
            worker.join()

        assert sum(allowed) == 3000
        assert counters.take("one", 3000) > 0

    def test_find_the_same_table_behind_its_number(self):
        ticks = Ticks()
        counters = Counters(ticks=ticks)
        other = Counters(os.dup(counters.number), ticks=ticks)

        taken = [one.take("a", 3) for one in (counters, other, counters, other)]

        assert taken == [0, 0, 0, 20]

    def test_are_not_held_up_by_one_that_died_in_the_middle(self):
        counters = Counters(sets=1)
        forking = multiprocessing.get_context("fork")

        def die_within():
            counters._ticks = lambda: os.kill(os.getpid(), signal.SIGKILL)  # asked for while the lock is held
            counters.take("a", 1)

        worker = forking.Process(target=die_within)
        worker.start()
        worker.join()
        began = time.monotonic()

        assert worker.exitcode == -signal.SIGKILL
        assert [counters.take("a", 1) > 0 for _ in range(2)] == [False, True]
        assert time.monotonic() - began < 5
