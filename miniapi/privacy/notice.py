"""The privacy notice: its versions, and which of them holds when."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

WRITTEN = Path(__file__).parent / "notices.toml"


@dataclass(frozen=True, slots=True)
class Section:
    """One thing the notice tells."""

    heading: str
    text: str


@dataclass(frozen=True, slots=True)
class PrivacyNotice:
    """One version of the notice. It holds from `effective_at` until the next one does."""

    version: str
    effective_at: datetime
    title: str
    sections: tuple[Section, ...]


@dataclass(frozen=True, slots=True)
class PrivacyNotices:
    """All versions, the oldest first."""

    versions: Sequence[PrivacyNotice]

    def current(self, at: datetime) -> PrivacyNotice:
        """The version that holds at a time; before the first one, the first."""
        in_force = [notice for notice in self.versions if notice.effective_at <= at]
        return in_force[-1] if in_force else self.versions[0]


def load(path: Path = WRITTEN) -> PrivacyNotices:
    """The notices as they are written. Raises ValueError where they are not in their order."""
    written = tomllib.loads(path.read_text(encoding="utf-8"))["notice"]
    notices = [
        PrivacyNotice(
            version=one["version"],
            effective_at=one["effective_at"],
            title=one["title"],
            sections=tuple(Section(**section) for section in one["section"]),
        )
        for one in written
    ]
    begins = [notice.effective_at for notice in notices]
    if not begins or begins != sorted(set(begins)) or len({one.version for one in notices}) < len(notices):
        raise ValueError(f"{path.name}: every version once, each effective after the one before it")
    return PrivacyNotices(notices)
