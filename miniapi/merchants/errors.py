"""Every way the lists of merchants and points can say no."""

from miniapi.errors import Conflict, Invalid, NotFound


class NoSuchPoint(NotFound):
    code = "not_found"
    sentence = "没有找到这个回收点。"


class PricesWrong(Invalid):
    """The fact `refused_csv` is a table of the rows that are wrong, with a column `error`."""

    code = "prices_wrong"
    sentence = "价目表有 {refused} 行有误，整张表都没有启用；请按 error 一列改好再提交。"


class NoSuchMerchant(Invalid):
    code = "merchant_unknown"
    sentence = "没有这家企业。"


class LicenceNotTheirs(Invalid):
    code = "licence_not_theirs"
    sentence = "这类企业不办理{permission}，请核对许可种类。"


class LicenceMissing(Conflict):
    code = "licence_missing"
    sentence = "{merchant}还没有登记{permission}，登记前不能接收旧物；已填写的内容请保留，登记后再提交。"


class LicenceExpired(Conflict):
    code = "licence_expired"
    sentence = (
        "{merchant}的{permission}（{number}）从 {since:%Y年%m月%d日} 起已过有效期，"
        "换证登记前不能接收旧物；已填写的内容请保留，登记后再提交。"
    )
