"""Every way vouchers can say no."""

from miniapi.errors import Conflict, Invalid, NotFound


class NoSuchVoucher(NotFound):
    code = "not_found"
    sentence = "没有找到这张券。"


class AlreadyClaimed(Conflict):
    code = "already_claimed"
    sentence = "您本场已经领过券了（平台规则：每场每人一张）。"


class PersonalLimitReached(Conflict):
    code = "personal_limit_reached"
    sentence = "每人累计最高补贴 {cap_yuan} 元，您的额度已经用完或被未使用的券占用。"


class VoucherEnded(Conflict):
    """It cannot be voided; the fact `state` says what it is."""

    code = "voucher_ended"
    sentence = "这张券已经用掉、过期或作废，不能再作废。"


class VoucherMoved(Conflict):
    code = "voucher_moved"
    sentence = "这张券刚刚转到了本人的另一个账号，请再试一次。"


class VoucherExpired(Conflict):
    code = "voucher_expired"
    sentence = "这张券已过期，有效期到 {valid_until:%m月%d日 %H:%M:%S}。"


class VoucherNotUsable(Conflict):
    code = "voucher_not_usable"
    sentence = "{because}"


class NoSuchPresentation(NotFound):
    code = "not_found"
    sentence = "没有这个核销码，请核对八位数字，或请顾客重新出示。"


class PresentationForged(Invalid):
    code = "presentation_forged"
    sentence = "这个二维码不是本平台的核销码，不能受理。"


class PresentationUsed(Conflict):
    code = "presentation_used"
    sentence = "这个核销码已经用过，请顾客重新出示。"


class PresentationExpired(Conflict):
    code = "presentation_expired"
    sentence = "这个核销码已失效（一分钟有效，重新出示后旧码作废），请顾客重新出示。"
