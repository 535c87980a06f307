"""Every way vouchers can say no."""

from miniapi.errors import Conflict, NotFound


class NoSuchVoucher(NotFound):
    code = "not_found"
    sentence = "没有找到这张券。"


class AlreadyClaimed(Conflict):
    code = "already_claimed"
    sentence = "您本场已经领过券了（平台规则：每场每人一张）。"


class PersonalLimitReached(Conflict):
    code = "personal_limit_reached"
    sentence = "每人累计最高补贴 {cap_yuan} 元，您的额度已经用完或被未使用的券占用。"
