"""Decisions about tickets."""

MOST_OPEN = 5  # that wait for the staff, of one resident


def may_open_another(waiting: int) -> bool:
    """Whether somebody with this many tickets waiting may open one more."""
    return waiting < MOST_OPEN
