"""Every way a quote can be refused."""

from miniapi.errors import Conflict


class NoSubsidyRule(Conflict):
    code = "no_subsidy_rule"
    sentence = "{document}没有规定补贴标准，无法计算。"
