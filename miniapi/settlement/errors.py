"""Every way settlements can say no."""

from miniapi.errors import Conflict, NotFound


class NoSuchSettlement(NotFound):
    code = "not_found"
    sentence = "没有找到这笔结算。"


class NoSuchMerchant(NotFound):
    code = "not_found"
    sentence = "这个地区没有这家商户。"


class NothingToSettle(Conflict):
    """The fact `left_out` says for each redemption that was meant why it is not paid."""

    code = "nothing_to_settle"
    sentence = "没有可以结算的核销记录。"


class NothingOwed(Conflict):
    code = "nothing_owed"
    sentence = "这笔核销没有商户应退的补贴。"


class ProgrammeNotOver(Conflict):
    """The fact `closes_at` says when."""

    code = "programme_not_over"
    sentence = "活动 {closes_at:%Y年%m月%d日 %H:%M} 结束，之后才能把结余退回出资方。"


class NothingUnspent(Conflict):
    code = "nothing_unspent"
    sentence = "资金池里没有结余可以退回。"


class AlreadyRecovered(Conflict):
    code = "already_recovered"
    sentence = "这笔补贴商户已经退回了。"
