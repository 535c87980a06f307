"""What the sandbox's own calls say to wrong input: a problem in JSON with a sentence that helps."""

import json
import logging
from collections.abc import Mapping
from typing import Any

from sanic import HTTPResponse, Request
from sanic.exceptions import SanicException

from miniapi.sandbox.bodies import object_in

log = logging.getLogger(__name__)

Body = Mapping[str, Any]


class Problem(Exception):
    """A call that cannot be done, and why."""

    def __init__(self, status: int, code: str, title: str, **more: Any) -> None:
        super().__init__(title)
        self.status = status
        self.members = {"type": f"/problems/{code}", "code": code, "title": title, "status": status, **more}


def invalid(field: str, problem: str) -> Problem:
    """One field of a call that is wrong."""
    return Problem(
        422, "invalid_request", f"{field}：{problem}", errors=[{"field": field, "problem": problem}]
    )


def body_of(request: Request) -> Body:
    """The JSON object that a call carries, whatever its Content-Type says."""
    try:
        return object_in(request.body)
    except ValueError:
        raise Problem(400, "bad_json", "请求正文应当是一个 JSON 对象。") from None


def text(body: Body, name: str, longest: int = 64) -> str:
    """A text of a call that must be there."""
    value = body.get(name)
    if not isinstance(value, str) or not value.strip():
        raise invalid(name, "应当是一段文字，不能为空")
    if len(value) > longest:
        raise invalid(name, f"最多 {longest} 个字符")
    return value


def one_of(body: Body, name: str, allowed: tuple[str, ...], default: str | None = None) -> str:
    """A text of a call that is one of these."""
    value = default if body.get(name) is None else body[name]
    if not isinstance(value, str) or value not in allowed:
        raise invalid(name, f"应当是 {'、'.join(allowed)} 之一")
    return value


def number(body: Body, name: str, default: float, least: float, most: float) -> float:
    """A number of a call within these bounds."""
    value = default if body.get(name) is None else body[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise invalid(name, f"应当是 {least:g} 到 {most:g} 之间的数")
    return value


async def answer_problem(_request: Request, problem: Exception) -> HTTPResponse:
    """Every refusal of the sandbox's own calls and of Sanic's, and what breaks, as a problem."""
    if isinstance(problem, SanicException):
        title = "没有这个地址，GET / 列出所有地址。" if problem.status_code == 404 else str(problem)
        problem = Problem(problem.status_code, "not_possible", title)
    if not isinstance(problem, Problem):
        log.error("the sandbox failed", exc_info=problem)
        problem = Problem(500, "internal_error", f"沙箱出了问题，详见日志：{problem}")
    return HTTPResponse(
        json.dumps(problem.members, ensure_ascii=False),
        status=problem.status,
        content_type="application/problem+json",
    )
