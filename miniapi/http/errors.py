"""What every route may refuse, whatever it is about."""

from typing_extensions import TypedDict

from miniapi.errors import Conflict, Invalid, NotFound, Refusal, Unavailable


class BadJson(Invalid):
    code = "bad_json"
    sentence = "请求内容不是有效的 JSON。"


class WrongField(TypedDict):
    """One field of a request and what is wrong with it."""

    field: str
    problem: str


class InvalidRequest(Invalid):
    """The fact `errors` lists each field and what is wrong with it."""

    code = "invalid_request"
    sentence = "请求内容有误，请检查后再试。"


class TooLarge(Refusal):
    code = "too_large"
    sentence = "提交的内容太大。"


class MethodNotAllowed(Refusal):
    code = "method_not_allowed"
    sentence = "这个地址不支持这种操作。"


class HeaderTooLarge(Refusal):
    code = "header_too_large"
    sentence = "请求头太大。"


class RequestTooSlow(Refusal):
    code = "request_too_slow"
    sentence = "请求没有在规定时间内发完，请检查网络后再试。"


class RequestUnreadable(Refusal):
    code = "bad_request"
    sentence = "无法读取这个请求。"


class RegionUnknown(Invalid):
    code = "region_unknown"
    sentence = "没有“{region}”这个地区，可用的有：{known}。"


class NoSuchRegion(NotFound):
    code = "region_unknown"
    sentence = "没有“{region}”这个地区，可用的有：{known}。"


class IdempotencyMismatch(Invalid):
    code = "idempotency_mismatch"
    sentence = "同一个 Idempotency-Key 之前用于不同的内容。"


class RequestInProgress(Conflict):
    code = "request_in_progress"
    sentence = "同样的请求正在处理，请稍候。"


class DatabaseUnavailable(Unavailable):
    code = "database_unavailable"
    sentence = "系统暂时无法存取数据，请稍后再试；如果刚才在提交，请先看看有没有成功。"


class Overloaded(Unavailable):
    """As many requests as one process may have are in its hands; this one was not begun."""

    code = "overloaded"
    sentence = "现在人太多，请稍后再试。"
    again_after = 1


class TookTooLong(Unavailable):
    """A handler was still busy when its time was over. What was asked may have been done."""

    code = "took_too_long"
    sentence = "系统处理超时，请稍后再试；如果刚才在提交，请先看看有没有成功。"


class Broken(Refusal):
    """Our fault. The fact `request_id` finds it in the log."""

    code = "internal_error"
    sentence = "系统出了问题，我们已经记录下来，请稍后再试。"


def invalid_field(field: str, problem: str) -> InvalidRequest:
    """One field that cannot be right."""
    listed: list[WrongField] = [{"field": field, "problem": problem}]
    return InvalidRequest(errors=listed)
