"""Every way a counter can say no."""

from miniapi.errors import Conflict, Invalid, NotFound


class NoSuchQuote(NotFound):
    code = "not_found"
    sentence = "没有找到这份报价。"


class NoSuchRedemption(NotFound):
    code = "not_found"
    sentence = "没有找到这笔核销。"


class VoucherElsewhere(Conflict):
    code = "voucher_elsewhere"
    sentence = "这张券由{place}发放，只能在{place}的参与门店使用。"


class RedemptionsFrozen(Conflict):
    code = "redemptions_frozen"
    sentence = "核销已暂停（{because}），请稍后再试。"


class RedemptionClosed(Conflict):
    code = "redemption_closed"
    sentence = "活动期内才能用券：{opens_at:%Y年%m月%d日 %H:%M} 起，{closes_at:%Y年%m月%d日 %H:%M} 止。"


class EnergyGradeRequired(Conflict):
    code = "energy_grade_required"
    sentence = "请填写{category}能效标识上的等级，{grades}才能补贴。"


class NotSubsidised(Conflict):
    code = "not_subsidised"
    sentence = "{because}"


class VoucherLocked(Conflict):
    code = "voucher_locked"
    sentence = "这张券正在另一位店员处办理，最迟 {until:%H:%M:%S} 解锁。"


class QuoteExpired(Conflict):
    code = "quote_expired"
    sentence = "这份报价已失效，请顾客重新出示券。"


class QuoteUsed(Conflict):
    code = "quote_used"
    sentence = "这份报价已经核销过了。"


class TradeInRequired(Conflict):
    code = "trade_in_required"
    sentence = "顾客要先申明淘汰了一件旧家电或旧家具（品类不限，依法处理即可），才能用券。"


class OldUnitNotHandedIn(Conflict):
    code = "old_unit_not_handed_in"
    sentence = "按活动规定，旧家电要先由上门回收收走，才能用券；请顾客先预约上门回收，收走后再办理。"


class InvoiceMismatch(Conflict):
    code = "invoice_mismatch"
    sentence = "发票金额 {invoice_yuan} 元与实付加补贴 {price_yuan} 元不一致，请核对发票。"


class SerialTaken(Conflict):
    code = "serial_taken"
    sentence = "这个序列号的商品已经核销过，一件商品只能补贴一次。"


class InvoiceTaken(Conflict):
    code = "invoice_taken"
    sentence = "这张发票已经核销过，请核对发票号码。"


class PickupTaken(Conflict):
    code = "pickup_taken"
    sentence = "这次上门回收的旧件已经用于另一笔核销，一件旧件只能用一次。"


class OldUnitBooked(Conflict):
    code = "old_unit_booked"
    sentence = "这笔购买的旧件已经约了上门回收（单号 {number}），不能再约一次。"


class AlreadyRefunded(Conflict):
    code = "already_refunded"
    sentence = "这笔核销已经退货，不能再办理。"


class RefundTooLate(Conflict):
    code = "refund_too_late"
    sentence = "按活动规定，{until:%m月%d日 %H:%M} 之后不再办理退货。"


class AlreadySettled(Conflict):
    code = "already_settled"
    sentence = "补贴已经结算给商户，不能再更正价格；确有差错请办理退货。"


class AlreadyRejected(Conflict):
    code = "already_rejected"
    sentence = "这笔核销复核未通过，补贴不予结算，不能再办理；顾客退货仍可办理。"


class NothingToReview(Conflict):
    code = "nothing_to_review"
    sentence = "这笔核销没有待复核的疑点。"


class PriceOnlyDown(Conflict):
    code = "price_only_down"
    sentence = "成交价只能往低更正，这笔核销的成交价是 {price_yuan} 元。"


class PriceTooLow(Invalid):
    code = "price_too_low"
    sentence = "按这个成交价没有补贴；请办理退货。"
