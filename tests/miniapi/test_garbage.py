import gc

import pytest

from miniapi import garbage


@pytest.fixture
def collecting_as_before():
    thresholds = gc.get_threshold()
    yield
    gc.set_threshold(*thresholds)
    gc.unfreeze()


def test_what_was_loaded_is_looked_at_no_more_and_the_rest_seldom(collecting_as_before):
    loaded = len(gc.get_objects())

    garbage.settle_down()

    assert gc.get_freeze_count() > loaded // 2
    assert gc.get_threshold()[0] == garbage.LOOKED_AFTER
