"""What a story holds beside its question: who tells it, from where, and where it takes breath."""

from __future__ import annotations

import re

SHORTEST = 14  # characters from which a message may tell a story before it asks

_STORY = re.compile(  # where somebody who tells a story takes breath, or comes to the question
    r"[,，。!！?？;；:：\s]+|(?:然后|就是(?:说|想)?|的话|因为|但是|不过|所以|如果|(?:我|我们)?(?:就|又)?(?:想|要)?(?:请)?(?:问|咨询|了解)一?下"
    r"|我想(?:问|知道)|请问|是真的吗|听(?:别?人|邻居|朋友)?说|看到说|说是|这个|那个|以后|之后)"
    r"|(?=(?:到底|究竟)?(?:是不是|能不能|可不可以|要不要|有没有|算不算|还能|大概|什么时候|几点|怎么|咋|多久|哪))"
)
_WHO_AND_WHERE = re.compile(
    r"^(?:我|我们|我?(?:妹|姐|哥|弟|妈|爸|爷爷|奶奶|外婆|老婆|老公|朋友|亲戚|同事|孩子|女儿|儿子|家)?)"
    r"(?:现在|人|家)?(?:住在|住|在|是)(?:的|人)?[\s,，]*(?:那边|这边|那里|这里|那儿|这儿)?"
)


def breaths(text: str) -> list[str]:
    """The pieces of a story, in their order."""
    return [piece for piece in _STORY.split(text) if piece]


def without_teller(text: str) -> str:
    """A message without 我妹在那边 in front."""
    return _WHO_AND_WHERE.sub("", text)


def is_the_place_asked_about(text: str, place: str) -> bool:
    """上海怎么补, but not 上海户口, 上海路 or 上海来的."""
    behind = text[text.index(place) + len(place) :]
    return (
        re.match(
            r"(?:市|省)?(?:户口|户籍|身份证|人(?!民)|来的|过来|打工|路|街|大道|牌|产的|生产|买的)", behind
        )
        is None
    )
