"""Every way a certificate can say no."""

from miniapi.errors import Conflict, NotFound


class NoSuchCertificate(NotFound):
    code = "certificate_unknown"
    sentence = "没有这个编号的处理证明：请核对编号；如果编号无误，这份证明不是本平台出具的。"


class NotDismantledYet(Conflict):
    code = "certificate_not_issued"
    sentence = "旧物还没有拆解完，处理证明还没有开具；现在到哪一步，可以在预约里查看。"
