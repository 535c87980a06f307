"""Every way in which WeChat, or something that claims to be WeChat, can say no."""

from miniapi.errors import Conflict, Invalid, NotAllowed, NotSignedIn, TooMany, Unavailable


class WeChatCodeInvalid(NotSignedIn):
    """The login code is unknown, expired or used: ask `wx.login` for another."""

    code = "wechat_code_invalid"
    sentence = "微信登录凭证无效或已过期，请重新登录。"


class LoginBlocked(NotAllowed):
    """WeChat takes this person for a risk."""

    code = "wechat_login_blocked"
    sentence = "微信认为这个账号存在风险，暂时不能登录。"


class LoginTooOften(TooMany):
    """This person signed in more often than WeChat lets anybody in a minute."""


class PhoneCodeInvalid(Invalid):
    """The phone code is unknown, expired, used or somebody else's: press the button again."""

    code = "phone_code_invalid"
    sentence = "手机号授权无效或已过期，请重新授权，或者手动填写手机号。"


class PhoneFromAbroad(Invalid):
    """A number that no crew and no shop of the city can call."""

    code = "phone_from_abroad"
    sentence = "目前只支持中国大陆的手机号，请手动填写。"


class PhoneSealedOtherwise(Invalid):
    """A number sealed for another session key than the last one here: sign in and press the button again."""

    code = "phone_data_invalid"
    sentence = "手机号授权已失效，请重新登录后再授权，或者手动填写手机号。"


class WeChatUnavailable(Unavailable):
    """WeChat did not answer, answered nonsense, or refuses us altogether.

    `answer_lost` is true where the question may have reached WeChat: what was asked may have been done.
    `errcode` is what WeChat answered, if it did. To people all of its kinds are one: `wechat_unavailable`.
    """

    code = "wechat_unavailable"
    sentence = "微信暂时没有响应，请稍后再试。"
    answer_lost = False
    errcode: int | None = None


class WeChatBusy(WeChatUnavailable):
    """WeChat could not just now: asked again in a moment it may."""


class QuotaSpent(WeChatUnavailable):
    """We asked more than WeChat lets us in a minute, a day or for ever."""


class TokenRefused(WeChatUnavailable):
    """WeChat takes none of our access tokens, a forced one included."""


class NotSetUp(WeChatUnavailable):
    """Our account lacks something, or a setting is wrong: its operator must mend it."""


class AskedWrongly(WeChatUnavailable):
    """WeChat cannot make sense of what we asked: a mistake of this program."""


class PersonRefused(WeChatUnavailable):
    """WeChat will not do this for this person, or not now."""


class SendLater(WeChatUnavailable):
    """WeChat is busy or a quota is spent: nothing was sent, later it may be."""

    code = "wechat_send_later"
    sentence = "微信暂时不能发送消息（{errcode}），稍后会再试。"


class NoGrant(Conflict):
    """The person has not subscribed, or every message they allowed has been sent. Never try again."""

    code = "no_grant"
    sentence = "对方没有订阅这类消息，或者次数已经用完。"


class NoReplyWindow(Conflict):
    """The person has not written lately, or got all the answers WeChat allows. Never try again."""

    code = "no_reply_window"
    sentence = "已经超过微信允许回复的时间或条数。"


class CannotSend(Conflict):
    """WeChat will never take this message."""

    code = "cannot_send"
    sentence = "微信拒绝了这条消息（{errcode}）。"


class PushForged(NotAllowed):
    """A push that WeChat did not sign, or not for us."""

    code = "push_forged"
    sentence = "推送的签名不正确。"


class PushUnreadable(Invalid):
    """A push that nobody can read."""

    code = "push_unreadable"
    sentence = "推送的内容无法读取。"
