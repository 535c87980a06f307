"""A message that is understood through the one before it: 那济宁呢, 那空调呢, 为什么, 要多久."""

from __future__ import annotations

import re
from dataclasses import replace

from bot.replies import Reply, person
from bot.skill import Turn
from faq.packs import Library

LONGEST_QUESTION = 500  # characters that are remembered of what two messages asked together
OWN_WORDS = 6  # a follow-up with more words than that stands on its own
FOLLOWS = re.compile(r"^(?:那么?|还有|这个|它|如果是?|要是|换成?)|呢[?？!！。]?$")
_EMPTY_WORDS = re.compile(
    r"^(?:那么?|还有|如果是?|要是|换成?|这|的话)+|(?:的话)?(?:呢|啊|呀|吗|怎么样|咋样|行不行)?[?？!！。,，]*$"
)
_ASKS_AGAIN = re.compile(
    r"(?:这是|那)?(?:为什么|为啥|凭(?:什么|啥)|(?:什么|啥)意思|真的[吗么]?|真的假的|是吗|确定[吗么]?|没(?:听|看)懂|听不懂|不(?:太)?懂"
    r"|说(?:得)?(?:简单|清楚|明白)(?:一?点)?|再说一(?:遍|次))(?:呢|啊|呀|吗)?[?？!！。]*"
)
_UNFINISHED = re.compile(
    r"(?:那|要|得|需要|大概)*(?:多久|几天|多长时间)|(?:在|去|到)?哪(?:里|儿)?(?:查|看|办|问)|怎么查|[找问]谁"
)
_CLEAR_TOGETHER = 0.5


def follow_up(turn: Turn) -> Reply | None:
    """那济宁呢, 那空调呢, 最多呢: understood through the question before."""
    memory = turn.memory
    if memory.question is None:
        return None
    if _ASKS_AGAIN.fullmatch(turn.text):
        return _once_more(turn, memory.question)
    bare = _EMPTY_WORDS.sub("", turn.text)
    if len(bare) > OWN_WORDS:
        return None
    if _UNFINISHED.fullmatch(bare) and (said := _finished(turn, memory.question, bare)):
        return said
    found = turn.policy.find(turn.text, turn.region)
    if found.verdict == "answer" and not FOLLOWS.search(turn.text):
        return None
    things = turn.policy.library.categories.mentions(turn.text)
    if things and len(bare) <= len(turn.text[things[0].start : things[0].end]) + 1:
        again = _with_other_thing(
            turn.policy.library, memory.question, turn.text[things[0].start : things[0].end]
        )
    else:
        again = f"{turn.policy.library.without_places(memory.question)}{bare}"
    combined = turn.policy.find(again, turn.region)
    if combined.best is None or combined.verdict != "answer" or combined.confidence <= found.confidence:
        return None
    memory.question, memory.topic = again[:LONGEST_QUESTION], combined.best.topic
    return turn.policy.say(combined.best, turn.now, combined.confidence)


def _once_more(turn: Turn, question: str) -> Reply | None:
    """为什么, 什么意思: nothing new is asked; the document's word stands."""
    found = turn.policy.find(question, turn.region)
    if found.best is None or found.verdict != "answer":
        return None
    reply = turn.policy.say(found.best, turn.now, found.confidence)
    more = "还有不清楚的，可以换个说法问我，或者转人工。"
    return replace(reply, text=f"文件是这样写的：{reply.text}{more}", actions=(*reply.actions, person()))


def _finished(turn: Turn, question: str, bare: str) -> Reply | None:
    """要多久, 在哪查: asks about what was spoken of, though another answer has just these words."""
    again = f"{turn.policy.library.without_places(question)}{bare}"
    found = turn.policy.find(again, turn.region)
    if found.best is None or found.confidence < _CLEAR_TOGETHER:
        return None
    return turn.policy.say(found.best, turn.now, found.confidence)


def _with_other_thing(library: Library, question: str, thing: str) -> str:
    """The question before, about another thing."""
    named = library.categories.mentions(question)
    if not named:
        return f"{thing}{question}"
    return question[: named[0].start] + thing + question[named[-1].end :]
