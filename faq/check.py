"""Proves the policy packs: citations exist, figures come from the rules, askings find their answer."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal, get_args

from faq import packs, rules
from faq.answers import LONGEST, render
from faq.fields import PackError
from faq.matcher import Matcher
from faq.packs import DATA, Answer, Library, Pack
from faq.placeholders import PATTERN, NoSuchValue
from faq.rules import CHINA, Dated, Rules
from faq.text import plain
from faq.wording import Normaliser

ActionKind = Literal[  # contract §5
    "sign_in", "pickup", "slots", "quote", "voucher", "drop", "reminder", "ticket", "shops", "points", "phone"
]
OFFERS = frozenset(get_args(ActionKind))
QUESTIONS = DATA.parents[2] / "shared" / "questions"  # beside the project, where it is developed
_LONG_ENOUGH_TO_COPY = 6  # characters; shorter questions people cannot help but word alike
_NOT_SAID = re.compile(r"\W+")
_LEFT_OPEN = re.compile(r"(没有|没|未)(规定|写|提到|提及|说明|明确|列|公布|涉及|载明|给出)|不涉及")
_NUMERAL = "零〇一二两三四五六七八九十百千万亿"
_FIGURE = re.compile(
    r"\d"
    rf"|[{_NUMERAL}]+(?:元|块钱|万元|亿元|折|成(?!交|为|本|立|效|品)|[%％]|倍|番|天|日|号|月|年|周)"
    rf"|百分之[{_NUMERAL}]|[{_NUMERAL}]分之"
    r"|[二两三四五六七八九十百千]+(?:件|台|家|张|场|辆|类|种|级|次|个|项|条)"
)


def check(folder: Path = DATA, questions: Path = QUESTIONS) -> list[str]:
    """Everything wrong with the packs of a folder, one line each: file, id, what is wrong.

    The questions that the packs were developed with must not stand in them; where they are absent, nothing
    is compared. Whether askings find their answer is only looked at once all else is in order.
    """
    try:
        library = packs.load(folder)
    except PackError as unreadable:
        return [str(unreadable)]
    problems = [problem for pack in library.packs.values() for problem in _of_pack(pack, library)]
    problems += _copied(library, questions)
    return problems or list(_of_askings(library))


def _of_pack(pack: Pack, library: Library) -> Iterator[str]:
    rules_file = f"{pack.region}/rules.toml"
    for problem in [*_overlapping(pack.rules), *_of_rules(pack)]:
        yield f"{rules_file}: {problem}"
    for answer_id, times in Counter(answer.id for answer in pack.answers).items():
        if times > 1:
            yield f"{pack.region}/answers: {answer_id}: stands {times} times"
    for answer in pack.answers:
        for problem in _of_answer(answer, pack, library):
            yield f"{answer.file}: {answer.id}: {problem}"


def _overlapping(of: Rules) -> Iterator[str]:
    kinds: dict[str, Sequence[Dated]] = {
        "subsidy": of.subsidies,
        "calendar": of.calendars,
        "fund": of.funds,
        "readiness": of.readinesses,
        "counter": of.counters,
    }
    for figure in of.figures:
        name = f"figure {figure.key}"
        kinds[name] = [*kinds.get(name, ()), figure]
    for name, versions in kinds.items():
        for one, other in rules.overlaps(versions):
            yield f"{name}: the version from {one.since} still holds when that from {other.since} begins"


def _of_rules(pack: Pack) -> Iterator[str]:
    cited = [
        *((f"subsidy from {rule.since}", rule.cites) for rule in pack.rules.subsidies),
        *((f"calendar from {rule.since}", rule.cites) for rule in pack.rules.calendars),
        *((f"calendar from {rule.since}", rule.cites_last_day) for rule in pack.rules.calendars),
        *((f"fund from {rule.since}", rule.cites) for rule in pack.rules.funds),
        *((f"readiness from {rule.since}", rule.cites) for rule in pack.rules.readinesses),
        *((f"counter from {rule.since}", rule.cites) for rule in pack.rules.counters),
        *((f"figure {figure.key}", figure.cites) for figure in pack.rules.figures),
    ]
    for name, cites in cited:
        if not _exists(cites, pack):
            yield f"{name}: cites {cites}, which does not exist"
    if pack.rules.subsidies and not pack.rules.counters:
        yield "counter: is missing, so that nothing could be sold at the subsidy"


def _of_answer(answer: Answer, pack: Pack, library: Library) -> Iterator[str]:
    for cites in answer.cites:
        if not _exists(cites, pack):
            yield f"cites {cites}, which does not exist"
    for follow_up in answer.follow_ups:
        if pack.answer(follow_up) is None:
            yield f"follow_ups: there is no answer {follow_up}"
    for offer in answer.offers:
        if offer not in OFFERS:
            yield f"offers: {offer} is no kind of action"
    if answer.unset and not all(map(_LEFT_OPEN.search, filter(None, _templates(answer)))):
        yield "is unset, but does not say plainly that the document leaves it open (没有规定)"
    for template in _templates(answer):
        figure = _FIGURE.search(_without_names(PATTERN.sub("", template), library))
        if figure:
            yield f"the figure “{figure.group()}” is typed in; take it from the rules"
    if all(_exists(cites, pack) for cites in answer.cites):
        yield from _of_rendering(answer, pack)


def _of_rendering(answer: Answer, pack: Pack) -> Iterator[str]:
    for at in moments(pack):
        try:
            said = render(answer, pack, at)
        except NoSuchValue as unknown:
            yield f"the placeholder {{{unknown}}} stands for nothing"
            return
        if "{" in said.text or "}" in said.text:
            yield f"a brace is left over at {at:%Y-%m-%d}"
            return
        if len(said.text) > LONGEST:
            yield f"is {len(said.text)} characters long at {at:%Y-%m-%d}, more than {LONGEST}"
            return


def _of_askings(library: Library) -> Iterator[str]:
    """An asking has one owner in its region, and is found there first."""
    with TemporaryDirectory() as folder:
        matcher, normaliser = Matcher(library, Path(folder)), Normaliser(library)
    owners: dict[tuple[str, str, tuple[str, ...]], Answer] = {}
    for pack in library.packs.values():
        for answer in pack.answers:
            for asking in answer.asks:
                wording = normaliser.wording(asking)
                owner = owners.setdefault((pack.region, wording.text, wording.things), answer)
                if owner is not answer:
                    yield f"{answer.file}: {answer.id}: “{asking}” is claimed by {owner.id} too"
                    continue
                found = matcher.find(asking, pack.region)
                if found.best is not answer or found.verdict != "answer":
                    first = found.best.id if found.best else "nothing"
                    yield f"{answer.file}: {answer.id}: “{asking}” finds {first} first ({found.verdict})"


def _copied(library: Library, questions: Path) -> Iterator[str]:
    """A development question that stands word for word in a pack would prove nothing any more."""
    known = [
        (question, bare)
        for file in sorted(questions.glob("policy_*.jsonl"))
        for question in _questions(file)
        if len(bare := _bare(question)) >= _LONG_ENOUGH_TO_COPY
    ]
    for pack in library.packs.values() if known else ():
        for answer in pack.answers:
            written = "\n".join(map(_bare, (*answer.asks, *_templates(answer))))
            for question, bare in known:
                if bare in written:
                    yield f"{answer.file}: {answer.id}: holds the development question “{question}”"


def _questions(file: Path) -> list[str]:
    with file.open(encoding="utf-8") as lines:
        return [json.loads(line)["question"] for line in lines if line.strip()]


def _bare(text: str) -> str:
    """A text less everything but its words."""
    return _NOT_SAID.sub("", plain(text))


def moments(pack: Pack) -> list[datetime]:
    """The moments at which what a pack says may differ: around every turn of its calendar."""
    turns = [datetime(pack.document.year, 7, 1, 12, tzinfo=CHINA)]
    for calendar in pack.rules.calendars:
        turns += [calendar.window_opens, calendar.window_closes]
        turns += [calendar.valid_until(drop.date()) for drop in calendar.drops()] + calendar.drops()
    steps = (timedelta(seconds=-1), timedelta(), timedelta(days=1))
    return [turn + step for turn in turns for step in steps] + [max(turns) + timedelta(days=500)]


def _templates(answer: Answer) -> tuple[str, str, str]:
    return answer.says, answer.says_before, answer.says_after


def _without_names(text: str, library: Library) -> str:
    for name in library.vocabulary.names_with_digits:
        text = text.replace(name, "")
    return text


def _exists(cites: str, pack: Pack) -> bool:
    region, _, clause = cites.partition("#")
    return region == pack.region and clause in pack.clauses
