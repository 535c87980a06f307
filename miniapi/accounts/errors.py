"""Every way accounts can say no."""

from miniapi.errors import Conflict, Invalid, NotAllowed, NotSignedIn, Unavailable


class TokenExpired(NotSignedIn):
    code = "token_expired"
    sentence = "登录已过期，请重新登录。"


class IdNumberInvalid(Invalid):
    code = "id_number_invalid"
    sentence = "身份证号码有误，请核对后再填。"


class IdentityMismatch(Invalid):
    code = "identity_mismatch"
    sentence = "姓名与身份证号码不一致，请核对后再填。"


class IdentityTaken(Conflict):
    """The fact `way_on` names the call that helps: a ticket of the kind `identity`."""

    code = "identity_taken"
    sentence = (
        "这个身份已在另一个账号实名。如果要转到现在的账号，请提交“身份核实”工单，由工作人员核实后转移。"
    )


class IdentityAlreadyVerified(Conflict):
    code = "identity_already_verified"
    sentence = "您的账号已用另一个身份实名，不能更改。如有错误，请联系人工服务。"


class IdentityRequired(NotAllowed):
    code = "identity_required"
    sentence = "请先完成实名认证。"


class PhoneInvalid(Invalid):
    code = "phone_invalid"
    sentence = "手机号码有误，应为 1 开头的 11 位数字。"


class VerifierMissing(Unavailable):
    code = "identity_verifier_unavailable"
    sentence = "实名认证服务暂时无法使用，请稍后再试。"
