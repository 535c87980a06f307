"""Every way a quote can be refused."""

from miniapi.errors import Conflict, Invalid


class CategoryUnknown(Invalid):
    code = "category_unknown"
    sentence = "没有“{category}”这个品类。"


class NoSubsidyRule(Conflict):
    code = "no_subsidy_rule"
    sentence = "{document}没有规定补贴标准，无法计算。"
