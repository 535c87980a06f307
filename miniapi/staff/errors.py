"""Every way staff accounts can say no."""

from miniapi.errors import Conflict, Invalid, NotFound, NotSignedIn


class WrongCredentials(NotSignedIn):
    """The same for an unknown name, a wrong password, a wrong code and an account that is locked.

    Whoever guesses learns nothing from it, not even which names there are.
    """

    code = "wrong_credentials"
    sentence = "账号、密码或动态口令不对。连续输错 5 次，账号会锁定 15 分钟。"


class TotpRequired(NotSignedIn):
    """The password is right; the second factor is still to come."""

    code = "totp_required"
    sentence = "请输入手机身份验证器上的 6 位动态口令。"


class OldPasswordWrong(Invalid):
    code = "old_password_wrong"
    sentence = "旧密码不对。连续输错 5 次，账号会锁定 15 分钟。"


class PasswordUnfit(Invalid):
    code = "password_unfit"
    sentence = "新密码需要 12 到 128 个字符，不能含有账号名，也不能与旧密码相同。"


class ReasonPersonal(Invalid):
    code = "reason_personal"
    sentence = "理由会长期保存在日志里，请不要写居民的姓名、手机号或身份证号，写明为什么就可以。"


class UsernameUnfit(Invalid):
    code = "username_unfit"
    sentence = "账号名需要 2 到 32 个字符：小写字母开头，只含小写字母、数字和 . _ -。"


class UsernameTaken(Conflict):
    code = "username_taken"
    sentence = "账号“{username}”已经存在。"


class RolesConflict(Conflict):
    """Roles that may not be one person's; the fact `because` says why."""

    code = "roles_conflict"
    sentence = "这些角色不能是同一个人的：{because}。"


class NoSuchStaff(NotFound):
    code = "no_such_staff"
    sentence = "没有账号“{username}”。"
