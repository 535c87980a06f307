"""Every way the lists of merchants and points can say no."""

from miniapi.errors import Invalid, NotFound


class NoSuchPoint(NotFound):
    code = "not_found"
    sentence = "没有找到这个回收点。"


class PricesWrong(Invalid):
    """The fact `refused_csv` is a table of the rows that are wrong, with a column `error`."""

    code = "prices_wrong"
    sentence = "价目表有 {refused} 行有误，整张表都没有启用；请按 error 一列改好再提交。"
