"""Every way the ledger can say no."""

from miniapi.errors import Conflict


class NotEnough(Conflict):
    code = "fund_exhausted"
    sentence = "资金不足，无法完成这笔划转。"


class MovedBefore(Exception):
    """This key has moved its money before, though what it was to move for has not happened: a broken book.

    It is nobody's to be told of, but a fault of ours, and nothing may be committed with it.
    """
