"""WeChat's codes for saying no, with its words for each."""

TEXTS = {
    -1: "system error",
    40001: (
        "invalid credential, access_token is invalid or not latest, could get access_token by "
        "getStableAccessToken, more details at https://mmbizurl.cn/s/JtxxFh33r"
    ),
    40002: "invalid grant_type",
    40003: "invalid openid",
    40008: "invalid message type",
    40013: "invalid appid",
    40014: "invalid access_token",
    40029: "invalid code",
    40037: "invalid template_id",
    40097: "invalid args",
    40125: "invalid appsecret",
    40129: "invalid scene",
    40163: "code been used",
    40165: "invalid weapp pagepath",
    40169: "invalid length for scene, or the data is not json string",
    40212: "invalid query",
    40164: "invalid ip 127.0.0.1 ipv6 ::ffff:127.0.0.1, not in whitelist",
    40226: "code blocked",
    41001: "access_token missing",
    41002: "appid missing",
    41004: "appsecret missing",
    41008: "missing code",
    41030: "invalid page",
    42001: "access_token expired",
    43001: "require GET method",
    43002: "require POST method",
    43101: "user refuse to accept the msg",
    43108: "concurrent sending to one user",
    44002: "empty post data",
    44004: "empty content",
    45002: "content size out of limit",
    45009: "reach max api daily quota limit",
    45011: "api minute-quota reach limit, must slower, retry next minute",
    45015: "response out of time limit or subscription is canceled",
    45047: "out of response count limit",
    45072: "invalid command",
    45080: "client has no exchange with the account in 30 seconds",
    45081: "already typing",
    45162: "invalid type",
    47001: "data format error",
    47003: "argument invalid!",
    61010: "code is expired",
    85401: "expire_time is out of range",
    85402: "invalid env_version",
}


class Refused(Exception):
    """A call that WeChat answers with a code."""

    def __init__(self, errcode: int, text: str | None = None) -> None:
        super().__init__(errcode, text)
        self.errcode = errcode
        self.text = text


def text_of(errcode: int) -> str:
    """WeChat's words for a code."""
    return TEXTS.get(errcode, "error")
