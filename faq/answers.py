"""Says an answer as of a moment: its words filled in, its clauses cited, its standing told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from faq import placeholders
from faq.packs import Answer, Citation, Pack
from faq.rules import CHINA

LONGEST = 700
OVER = "这轮活动已在 {calendar.last_day} 结束，下面说的是活动期间的情况："


@dataclass(frozen=True, slots=True)
class Said:
    """What the person reads, where it stands, and whether it is a “the document does not say”."""

    text: str
    citations: tuple[Citation, ...]
    declined: bool


def render(answer: Answer, pack: Pack, at: datetime) -> Said:
    """The answer at that moment."""
    template = _template(answer, pack, at)
    return Said(
        text=placeholders.fill(template + _standing(pack), pack, at),
        citations=tuple(pack.citation(key, at) for key in answer.cites),
        declined=answer.unset,
    )


def _template(answer: Answer, pack: Pack, at: datetime) -> str:
    calendar = pack.rules.calendar(at.astimezone(CHINA).date())
    if calendar is None:
        return answer.says
    phase = calendar.phase(at)
    if phase == "before":
        return answer.says_before or answer.says
    if phase == "after":
        return answer.says_after or OVER + answer.says
    return answer.says


def _standing(pack: Pack) -> str:
    if pack.stage == "draft":
        return "（依据《{document.title}》，目前还是草案，最终以正式印发的文件为准。）"
    if pack.stage == "consultation":
        return "（依据《{document.title}》，目前是征求意见稿，最终以正式印发的文件为准。）"
    return ""
