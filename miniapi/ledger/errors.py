"""Every way the ledger can say no."""

from miniapi.errors import Conflict


class NotEnough(Conflict):
    code = "fund_exhausted"
    sentence = "资金不足，无法完成这笔划转。"
