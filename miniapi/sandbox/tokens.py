"""WeChat's two families of access tokens: who is valid, and what a refresh does to the one before."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

LIFE = 7200.0  # seconds
OVERLAP = 300.0  # an old plain token works on beside the new one; a stable one is rolled as early
FORCED_APART = 30.0
FORCED_A_DAY = 20
DAY = 86400.0

MISSING, WRONG, EXPIRED, DAY_QUOTA = 41001, 40001, 42001, 45009

Family = Literal["plain", "stable"]


def fresh_token() -> str:
    """Text that looks like a token of WeChat."""
    return f"{secrets.randbelow(90) + 10}_{secrets.token_urlsafe(110)}"


@dataclass(slots=True)
class Issued:
    """A token and the moment (of the monotonic clock) it stops to work; superseded ones stopped before."""

    token: str
    family: Family
    expires: float
    superseded: bool = False


@dataclass(slots=True)
class Tokens:
    """Every token that was issued. `at` is always a moment of the monotonic clock."""

    issued: dict[str, Issued] = field(default_factory=dict)
    latest: dict[Family, Issued] = field(default_factory=dict)
    forced: list[float] = field(default_factory=list)

    def verdict(self, token: str | None, at: float) -> int:
        """0, or the code with which WeChat refuses a call that carries this token."""
        if not token:
            return MISSING
        known = self.issued.get(token)
        if known is None or known.superseded:
            return WRONG
        return 0 if at < known.expires else EXPIRED

    def stable(self, at: float) -> Issued | None:
        """The stable token as long as a plain request gets the same one again."""
        kept = self.latest.get("stable")
        return kept if kept is not None and kept.expires - at > OVERLAP else None

    def may_force(self, at: float) -> bool:
        """Whether a forced refresh would be one; sooner it gives the present token again."""
        return not self.forced or at - self.forced[-1] >= FORCED_APART

    def forced_today(self, at: float) -> int:
        return sum(at - forced < DAY for forced in self.forced)

    def issue(self, token: str, family: Family, *, forced: bool, at: float) -> None:
        """Put a new token in the place of the family's last one."""
        for before in self._working(family, at):
            if forced or before is not self.latest.get(family):
                before.superseded = True
            else:
                before.expires = min(before.expires, at + OVERLAP)
        if forced:
            self.forced.append(at)
        self.issued[token] = self.latest[family] = Issued(token, family, at + LIFE)

    def _working(self, family: Family, at: float) -> Iterator[Issued]:
        return (one for one in self.issued.values() if one.family == family and at < one.expires)
