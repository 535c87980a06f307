"""What a look at the machine found: one line each, and what to do."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """The mark before a line: well, worth a thought, or it cannot run."""

    GOOD = "✓"
    DOUBTFUL = "!"
    BAD = "✗"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at, and in plain words how it is. It never holds a secret."""

    verdict: Verdict
    subject: str
    words: str

    def __str__(self) -> str:
        return f"{self.verdict} {self.subject}：{self.words}"


def good(subject: str, words: str) -> Finding:
    """All is well."""
    return Finding(Verdict.GOOD, subject, words)


def doubtful(subject: str, words: str) -> Finding:
    """It can run, and somebody should know."""
    return Finding(Verdict.DOUBTFUL, subject, words)


def bad(subject: str, words: str) -> Finding:
    """It cannot run until this is repaired."""
    return Finding(Verdict.BAD, subject, words)
