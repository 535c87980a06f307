"""Transcripts: anyone can write one, and each is a test.

A file may begin with 地点：, 时间： and 登录： lines. Then 人： is what the person types and the 机： lines
behind it are the whole reply, line by line; … stands for any words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pytest

from bot.dialogue import Dialogue, Memory
from bot.ports import Caller
from faq.packs import Library
from faq.rules import CHINA
from tests.fakes.city import FakeCity

FOLDER = Path(__file__).parent / "conversations"
REGIONS = {"杨凌": "yangling", "济宁": "jining", "青州": "qingzhou", "重庆": "chongqing", "辽宁": "liaoning"}


@dataclass
class Transcript:
    """A conversation as it was written down."""

    region: str | None = "yangling"
    at: datetime = field(default_factory=lambda: datetime(2024, 9, 1, 9, 58, tzinfo=CHINA))
    signed_in: bool = True
    turns: list[tuple[str, list[str]]] = field(default_factory=list)


def read(file: Path) -> Transcript:
    """The transcript in a file."""
    transcript = Transcript()
    for line in file.read_text(encoding="utf-8").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        who, _, said = line.partition("：")
        if who == "人":
            transcript.turns.append((said, []))
        elif who == "机":
            transcript.turns[-1][1].append(said)
        elif who == "地点":
            transcript.region = REGIONS.get(said)
        elif who == "时间":
            transcript.at = datetime.strptime(said, "%Y-%m-%d %H:%M").replace(tzinfo=CHINA)
        elif who == "登录":
            transcript.signed_in = said == "是"
        else:
            raise ValueError(f"{file.name}: {line}")
    return transcript


def fits(reply: str, written: str) -> bool:
    """Whether a reply is what was written down."""
    pattern = ".*".join(re.escape(part) for part in written.split("…"))
    return re.fullmatch(pattern, reply, re.DOTALL) is not None


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.txt")), ids=lambda file: file.stem)
async def test_goes_as_written(file: Path, library: Library, dialogue: Dialogue) -> None:
    transcript = read(file)
    city = FakeCity(library, transcript.at)
    caller = Caller("resident-1" if transcript.signed_in else None, transcript.region)
    memory = Memory()

    for said, written in transcript.turns:
        memory = Memory.from_json(memory.to_json())
        reply = await dialogue.answer(said, memory, caller, city)

        assert fits(reply.text, "\n".join(written)), f"人：{said}\n机：{reply.text}\n[{reply.intent}]"


def test_there_are_transcripts() -> None:
    assert len(list(FOLDER.glob("*.txt"))) >= 20
