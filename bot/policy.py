"""Answers from the documents: found, said with their source, or honestly declined."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from bot.replies import Action, Reply, person
from faq.answers import render
from faq.matcher import NOT_OURS, Found, Matcher
from faq.packs import Answer, Library, Pack

LABELS = {
    "pickup": "预约上门回收",
    "slots": "看可约时间",
    "quote": "算一算补贴",
    "voucher": "我的券",
    "drop": "看发券场次",
    "reminder": "开抢前提醒我",
    "shops": "看参与商家",
    "points": "看回收点",
    "phone": "打电话问",
    "ticket": "转人工",
    "sign_in": "登录",
}


MOST_OFFERED = 3
PLAINLY_BETTER, SURELY_TOLD = 0.1, 0.6  # in confidence


@dataclass(frozen=True, slots=True)
class Policy:
    """What the documents say; keeps nothing of any conversation."""

    library: Library
    matcher: Matcher

    def find(self, text: str, region: str | None) -> Found:
        """The answer that fits a question best, and how sure that is."""
        return self.matcher.find(text, region)

    def say(self, answer: Answer, at: datetime, confidence: float = 1.0) -> Reply:
        """An answer in words, with its clauses and what a person may want next."""
        pack = self.library.pack(answer.region)
        said = render(answer, pack, at)
        actions = tuple(Action(kind, LABELS[kind]) for kind in answer.offers if kind in LABELS)
        return Reply(
            said.text,
            "decline" if said.declined else "answer",
            confidence,
            said.citations,
            self._next_questions(answer, pack),
            (*actions, *contact(pack), person()) if said.declined else actions,
        )

    def is_told_anywhere(self, text: str) -> bool:
        """Whether the documents of any place say something on a question, so that the place matters.

        Not where another place's word that its document leaves the matter open fits plainly better.
        """
        told = left_open = 0.0
        for found in (self.find(text, region) for region in self.library.packs):
            if found.best is None or found.verdict == "none":
                continue
            if found.best.unset or found.best.topic in NOT_OURS:
                left_open = max(left_open, found.confidence)
            elif found.verdict == "answer" or found.heard:
                told = max(told, found.confidence)
        return 0 < told >= min(left_open - PLAINLY_BETTER, SURELY_TOLD)

    def on_topic(self, topic: str, region: str, at: datetime) -> Reply | None:
        """What a region's document says on a topic, if it says anything."""
        answer = self.library.pack(region).about(topic)
        return self.say(answer, at) if answer else None

    def suggest(self, found: Found, at: datetime) -> Reply:
        """Did you mean: the nearest questions, none of them answered by guessing.

        A single one is asked about with its answer, so that a yes need not be said, unless the question has
        a word that no document knows. What is nearest to something that no document is about is declined.
        """
        if found.best is None or found.best.topic in NOT_OURS:
            return self.decline(found.region, found)
        questions = _titles((found.best, *found.others))
        if len(questions) == 1 and found.heard:
            return self._perhaps(found.best, at, found.confidence)
        listed = "\n".join(f"· {question}" for question in questions)
        return Reply(
            f"我还不清楚您问的是哪一点。您是不是想问：\n{listed}\n都不是的话，换个说法再问我，或者转人工。",
            "suggest",
            found.confidence,
            suggestions=questions,
            actions=(person(),),
        )

    def _perhaps(self, answer: Answer, at: datetime, confidence: float) -> Reply:
        said = self.say(answer, at, confidence)
        if answer.unset:
            return said  # declined either way
        return Reply(
            f"我还不清楚您是不是想问「{answer.title}」。是的话：\n{said.text}\n不是的话，换个说法再问我，或者转人工。",
            "suggest",
            confidence,
            said.citations,
            actions=(person(),),
        )

    def decline(self, region: str | None, found: Found | None = None) -> Reply:
        """The documents do not say: no guess, but a way on."""
        pack = self.library.packs.get(region) if region else None
        others = _titles(found.others if found else ())
        if pack is None:
            text = (
                f"这一点我手里的政策文件都没有写，我不乱猜。我查得到的是{self.places()}的政策："
                "可以告诉我您在哪个地区，换个说法再问，或者转人工。"
            )
            return Reply(text, "decline", _sure(found), suggestions=others, actions=(person(),))
        phone = _phone(pack)
        ask = (
            f"可以打文件上印的电话 {phone} 问问（这是给单位的联系电话），或者转人工。"
            if phone
            else "可以换个说法再问，或者转人工。"
        )
        return Reply(
            f"这一点《{pack.document.title}》没有写，我不乱猜。{ask}",
            "decline",
            _sure(found),
            suggestions=others,
            actions=(*contact(pack), person()),
        )

    def decline_elsewhere(self, place: str) -> Reply:
        """A place whose documents we do not have."""
        known = self.places()
        return Reply(
            f"{place}的文件我这里没有，所以不清楚{place}怎么规定。我只查得到{known}的政策；{place}的情况请问当地商务部门，或者转人工。",
            "decline",
            1.0,
            suggestions=tuple(pack.short for pack in self.library.packs.values()),
            actions=(person(),),
        )

    def ask_place(self, intent: str = "clarify") -> Reply:
        """The question that has to be answered before anything about a place can be."""
        return Reply(
            f"各地规定不一样，我还不知道您问的是哪个地区。是{self.places('还是')}？告诉我地名就行。",
            intent,
            1.0,
            suggestions=tuple(pack.short for pack in self.library.packs.values()),
        )

    def places(self, last: str = "和") -> str:
        """The regions we have documents of, as people list them."""
        names = [pack.short for pack in self.library.packs.values()]
        return names[0] if len(names) == 1 else f"{'、'.join(names[:-1])}{last}{names[-1]}"

    def _next_questions(self, answer: Answer, pack: Pack) -> tuple[str, ...]:
        following = (pack.answer(answer_id) for answer_id in answer.follow_ups)
        return tuple(each.title for each in following if each)


def _titles(answers: Iterable[Answer]) -> tuple[str, ...]:
    """The questions worth offering: none that only says what a document is not about."""
    ours = (answer.title for answer in answers if answer.topic not in NOT_OURS)
    return tuple(dict.fromkeys(ours))[:MOST_OFFERED]


def contact(pack: Pack) -> tuple[Action, ...]:
    """The telephone number that a document itself prints, never another place's."""
    phone = _phone(pack)
    return (Action("phone", f"拨打 {phone}"),) if phone else ()


def _phone(pack: Pack) -> str | None:
    return next((contact.value for contact in pack.contacts if contact.kind == "phone"), None)


def _sure(found: Found | None) -> float:
    return 1.0 - found.confidence if found else 1.0
