"""Questions that nobody answered, or not well: their common words are kept, for those who write answers."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.replies import Reply
from faq.packs import Library
from miniapi.chat.common_words import common_words, everyday_words
from miniapi.chat.models import Miss, MissedQuestion
from miniapi.database import sql

KEEP = timedelta(days=365)
LISTED = """
    SELECT words, region, why, count(*) AS times, max(at) AS last_at FROM missed_question
    GROUP BY words, region, why ORDER BY times DESC, last_at DESC, words LIMIT $1
"""


@dataclass(frozen=True, slots=True)
class Missed:
    """A question without its particulars, how often it came, and when last."""

    words: str
    region: str | None
    why: Miss
    times: int
    last_at: datetime


def missed_by(reply: Reply) -> Miss | None:
    """What a reply left open; that a document is silent is an answer too where its clause is given."""
    if reply.intent == "suggest":
        return Miss.UNSURE
    return Miss.DECLINED if reply.intent == "decline" and not reply.citations else None


async def words_of(text: str, library: Library) -> str:
    """What may be kept of a question; the dictionary is read beside the work the first time."""
    await asyncio.to_thread(everyday_words)
    return common_words(text, library)


async def note(words: str, region: str | None, why: Miss, *, at: datetime) -> None:
    """Keep that a question was missed; one that has no common word says nothing to anybody."""
    if words:
        await MissedQuestion.create(words=words, region=region, why=why, at=at)


async def listed(most: int) -> list[Missed]:
    """What was missed, the most frequent first."""
    return [
        Missed(row["words"], row["region"], Miss(row["why"]), row["times"], row["last_at"])
        for row in await sql.rows(LISTED, most)
    ]


async def forget_old(*, at: datetime) -> int:
    """Delete what was missed a year ago; how many it were."""
    return await MissedQuestion.filter(at__lte=at - KEEP).delete()
