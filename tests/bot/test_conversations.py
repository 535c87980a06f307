"""Transcripts: anyone can write one, and each is a test.

A file may begin with 情形：, 地点：, 区域：, 时间：, 登录： and 抽签： lines (what is played; where;
the districts in which crews come there; when; signed in or not; when the drop of that day is drawn). Then
人： is what the person types and the 机： lines behind it are the whole reply, line by line; … stands for any
words. A 时间： line further down lets that time come.
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

# 直接 straight, 打断 by a question, 改变 of mind, 作罢 given up, 错日期 a day that cannot be, 未登录 nobody
CASES = {
    "drops": "直接 打断 改变 错日期 抽签",
    "claim": "直接 打断 改变 作罢 未登录",
    "wallet": "直接 打断 未登录",
    "reminder": "直接 打断 改变 错日期 未登录 上门 到期",
    "reminder_cancel": "直接 打断 改变 作罢 未登录",
    "book_pickup": "直接 打断 改变 作罢 错日期 未登录 别处",
    "reschedule": "直接 打断 改变 作罢 错日期 未登录",
    "cancel_booking": "直接 打断 改变 作罢 未登录",
    "booking_status": "直接 打断 未登录",
    "points": "直接 改变",
    "shops": "直接 改变",
    "complaint": "直接 打断 改变 作罢 未登录",
    "human": "直接 打断 改变 作罢 未登录",
    "estimate": "直接 打断",
    "quote": "直接 打断 改变 不行 别处",
    "answer": "直接 两问 改变 日子",
    "privacy": "直接 未登录",
    "smalltalk": "直接",
}


@dataclass
class Transcript:
    """A conversation as it was written down."""

    region: str | None = "yangling"
    at: datetime = field(default_factory=lambda: datetime(2024, 9, 1, 9, 58, tzinfo=CHINA))
    signed_in: bool = True
    case: str | None = None
    draws_at: datetime | None = None
    districts: tuple[str, ...] = ()
    turns: list[tuple[str, list[str], datetime]] = field(default_factory=list)


def read(file: Path) -> Transcript:
    """The transcript in a file."""
    transcript, now = Transcript(), None
    for line in file.read_text(encoding="utf-8").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        who, _, said = line.partition("：")
        if who == "人":
            transcript.turns.append((said, [], now or transcript.at))
        elif who == "机":
            transcript.turns[-1][1].append(said)
        elif who == "地点":
            transcript.region = REGIONS.get(said)
        elif who == "时间":
            now = moment(said)
            transcript.at = transcript.at if transcript.turns else now
        elif who == "区域":
            transcript.districts = tuple(said.split("、"))
        elif who == "抽签":
            transcript.draws_at = moment(said)
        elif who == "情形":
            transcript.case = said
        elif who == "登录":
            transcript.signed_in = said == "是"
        else:
            raise ValueError(f"{file.name}: {line}")
    return transcript


def moment(written: str) -> datetime:
    """A time as it is written in a transcript."""
    return datetime.strptime(written, "%Y-%m-%d %H:%M").replace(tzinfo=CHINA)


def fits(reply: str, written: str) -> bool:
    """Whether a reply is what was written down."""
    pattern = ".*".join(re.escape(part) for part in written.split("…"))
    return re.fullmatch(pattern, reply, re.DOTALL) is not None


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.txt")), ids=lambda file: file.stem)
async def test_goes_as_written(file: Path, library: Library, dialogue: Dialogue) -> None:
    transcript = read(file)
    city = FakeCity(library, transcript.at)
    if transcript.draws_at is not None:
        city.draws[transcript.draws_at.date()] = transcript.draws_at
    if transcript.districts and transcript.region is not None:
        city.region, city.districts = transcript.region, transcript.districts
    caller = Caller("resident-1" if transcript.signed_in else None, transcript.region)
    memory = Memory()

    for said, written, at in transcript.turns:
        city.at = at
        memory = Memory.from_json(memory.to_json())
        reply = await dialogue.answer(said, memory, caller, city)

        assert fits(reply.text, "\n".join(written)), f"人：{said}\n机：{reply.text}\n[{reply.intent}]"


def test_every_skill_is_played_straight_and_otherwise() -> None:
    played = {transcript.case for transcript in map(read, FOLDER.glob("*.txt"))}

    assert {f"{skill} {how}" for skill, ways in CASES.items() for how in ways.split()} <= played


def test_what_plays_a_case_goes_on_for_three_turns() -> None:
    cases = [transcript for transcript in map(read, FOLDER.glob("*.txt")) if transcript.case]

    assert min(len(transcript.turns) for transcript in cases) >= 3
    assert {transcript.region for transcript in cases} == {*REGIONS.values(), None}
