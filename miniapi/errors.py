"""The kinds of refusal. Each feature names its own; none of them knows HTTP."""

from collections.abc import Sequence
from typing import Any, ClassVar

from faq.packs import Citation


class Refusal(Exception):
    """Something expected that did not happen: a code for programs, a sentence for people.

    Keyword facts fill the sentence and stand as members of the problem that a caller gets.
    `citations` name the policy clauses behind a refusal, where a policy rule refused.
    """

    code: ClassVar[str]
    sentence: ClassVar[str]

    def __init__(self, *, citations: Sequence[Citation] = (), **facts: Any) -> None:
        self.facts = facts
        self.citations = tuple(citations)
        super().__init__(self.sentence.format(**facts))


class NotSignedIn(Refusal):
    """Nobody, or nobody any more: sign in first."""

    code = "not_signed_in"
    sentence = "请先登录。"


class NotAllowed(Refusal):
    """Somebody, but not somebody who may."""

    code = "not_allowed"
    sentence = "您没有权限这样做。"


class NotFound(Refusal):
    """No such thing, or none that this caller may know of."""

    code = "not_found"
    sentence = "没有找到。"


class Conflict(Refusal):
    """The world is not as the request needs it to be."""


class Invalid(Refusal):
    """The request cannot be right, whatever the world is like."""


class TooMany(Refusal):
    """Too often; later it may pass. The fact `retry_after` is in seconds."""

    code = "too_many_requests"
    sentence = "操作太频繁，请 {retry_after} 秒后再试。"


class Unavailable(Refusal):
    """Something we depend on is away; nothing was changed. `again_after` seconds it may be back."""

    again_after: ClassVar[int] = 5
