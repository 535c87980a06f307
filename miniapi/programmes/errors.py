"""Every way programmes can say no."""

from miniapi.errors import Invalid, NotFound


class NoSuchProgramme(NotFound):
    code = "not_found"
    sentence = "“{region}”没有发券的活动。"


class GrantOverFund(Invalid):
    code = "grant_over_fund"
    sentence = "省级补助不能超过资金总额 {total_yuan} 元。"
