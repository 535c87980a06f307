"""The policy packs: for each document its clauses, contacts, figures and answers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Literal

from faq import categories, names, rules, vocabulary
from faq.categories import Categories
from faq.fields import Fields
from faq.fields import PackError as PackError
from faq.rules import Rules
from faq.text import plain
from faq.vocabulary import Vocabulary

DATA = Path(__file__).parent / "data"
STAGES = ("final", "draft", "consultation")
Status = Literal["in_force", "expired", "draft", "consultation"]

_DENIED = re.compile(r"(不是|不在|不问|不要|除了)$")
# A place somebody comes from or goes to, not the one asked about: 户口在宝鸡, 老家是西安的, 从上海来.
_WHENCE_BEFORE = re.compile(
    r"(去|从|来自|跑|(户口本?|户籍|身份证|籍贯|老家|出生)(还|都|也)?(是|在|上是|落在)?)$"
)
_WHENCE_SHORT = "口在|口是|籍在|籍是|证是|家在|家是"
_WHENCE_BEHIND = re.compile(
    r"[省市区]?的?(户口|户籍|人|身份证|买(?:[的了过]|(?![^,，。券]{0,8}补))|过来|打工|那边|亲戚|朋友)"
)


@dataclass(frozen=True, slots=True)
class Citation:
    """Where something stands, and whether that still holds."""

    region: str
    document: str
    clause: str
    heading: str
    status: Status


@dataclass(frozen=True, slots=True)
class Clause:
    """One clause of a document: its key, its heading, who leads its work."""

    key: str
    heading: str
    lead: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Contact:
    """A telephone number or address the document itself prints."""

    kind: str
    value: str
    purpose: str


@dataclass(frozen=True, slots=True)
class Document:
    """The paper behind a pack."""

    title: str
    number: str
    stage: str
    year: int
    issuers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """One fact a document holds (or leaves open), and how people ask for it."""

    id: str
    region: str
    topic: str
    asks: tuple[str, ...]
    says: str
    says_before: str
    says_after: str
    cites: tuple[str, ...]
    follow_ups: tuple[str, ...]
    offers: tuple[str, ...]
    unset: bool
    file: str  # where it is written, from the data folder on

    @property
    def title(self) -> str:
        """The asking that stands for the answer where people choose between several."""
        return self.asks[0]


@dataclass(frozen=True)
class Pack:
    """Everything we know from one document."""

    region: str
    name: str
    short: str
    aliases: tuple[str, ...]
    districts: tuple[str, ...]
    document: Document
    clauses: Mapping[str, Clause]
    contacts: tuple[Contact, ...]
    rules: Rules
    answers: tuple[Answer, ...]
    categories: Categories

    @property
    def stage(self) -> str:
        return self.document.stage

    @cached_property
    def _by_id(self) -> Mapping[str, Answer]:
        return {answer.id: answer for answer in self.answers}

    def answer(self, answer_id: str) -> Answer | None:
        """The answer of that id."""
        return self._by_id.get(answer_id)

    def about(self, topic: str) -> Answer | None:
        """The first answer on a topic: what 那济宁呢 asks for."""
        return next((answer for answer in self.answers if answer.topic == topic), None)

    def status(self, at: datetime) -> Status:
        """Whether the document is a draft, holds, or its programme is over."""
        if self.stage == "draft":
            return "draft"
        if self.stage == "consultation":
            return "consultation"
        calendar = self.rules.calendar(at.astimezone(rules.CHINA).date())
        return "expired" if calendar is not None and calendar.phase(at) == "after" else "in_force"

    def citation(self, key: str, at: datetime) -> Citation:
        """The citation of a clause, by its key or by `region#key`; a KeyError where there is none."""
        clause = self.clauses[key.removeprefix(f"{self.region}#")]
        return Citation(self.region, self.document.title, clause.key, clause.heading, self.status(at))


class Library:
    """All the packs, and what their readers have in common."""

    def __init__(self, packs: Mapping[str, Pack], categories: Categories, vocabulary: Vocabulary) -> None:
        self.packs = packs
        self.categories = categories
        self.vocabulary = vocabulary
        self._region_of = {
            plain(alias): pack.region
            for pack in packs.values()
            for alias in (pack.name, pack.short, *pack.aliases)
        }
        self._own_places = names.any_of(self._region_of)
        self._brands = names.any_of(map(plain, vocabulary.brands))
        self._foreign_places = names.any_of(
            [place for place in vocabulary.places if place not in self._region_of]
            + [f"{place}市" for place in vocabulary.places_with_suffix]
        )
        foreign = self._foreign_places.pattern
        self._whence = re.compile(
            rf"{foreign}[省市]?(?=户口|户籍|人|的?身份证)|(?<={_WHENCE_SHORT}){foreign}"
        )

    def pack(self, region: str) -> Pack:
        """The pack of a region; a KeyError where there is none."""
        return self.packs[region]

    def region_named_in(self, text: str) -> str | None:
        """The region a text speaks of: the first named one that is not denied (不是杨凌，是济宁)."""
        clean = plain(text)
        for found in self._own_places.finditer(clean):
            if not _DENIED.search(clean[: found.start()]):
                return self._region_of[found.group()]
        return None

    def regions_named_in(self, text: str) -> list[str]:
        """Every region a text names, each once, in their order."""
        named = (self._region_of[found.group()] for found in self._own_places.finditer(plain(text)))
        return list(dict.fromkeys(named))

    def foreign_place_in(self, text: str) -> str | None:
        """A place no pack covers, if the text asks about one (上海, but not 网上海尔 or 上海户口)."""
        clean = self._own_places.sub(" ", self._brands.sub(" ", plain(text)))
        for found in self._foreign_places.finditer(clean):
            before, behind = clean[: found.start()], clean[found.end() :]
            if not _WHENCE_BEFORE.search(before) and not _WHENCE_BEHIND.match(behind):
                return found.group()
        return None

    def names_a_brand(self, text: str) -> bool:
        """Whether a maker or a seller is named: 海尔, 京东."""
        return self._brands.search(plain(text)) is not None

    def without_places(self, text: str) -> str:
        """The text less the names of our own regions, which say where and not what.

        Where a person comes from is 外地, whichever place it is.
        """
        return self._whence.sub("外地", self._own_places.sub("", text))


def load(folder: Path = DATA) -> Library:
    """Every pack of a folder; a PackError that names file and field where one cannot be read."""
    kinds = categories.read(folder / "categories.toml")
    packs = [_pack(file.parent, kinds) for file in sorted(folder.glob("*/document.toml"))]
    return Library(
        packs={pack.region: pack for pack in packs},
        categories=kinds,
        vocabulary=vocabulary.read(folder / "vocabulary.toml"),
    )


def _pack(folder: Path, kinds: Categories) -> Pack:
    fields = Fields.of(folder / "document.toml")
    pack = Pack(
        region=fields.text("region"),
        name=fields.text("name"),
        short=fields.text("short"),
        aliases=fields.texts("aliases", ()),
        districts=fields.texts("districts"),
        document=Document(
            title=fields.text("document"),
            number=fields.text("number", ""),
            stage=fields.text("stage"),
            year=fields.whole("year"),
            issuers=fields.texts("issuers"),
        ),
        clauses=_clauses(fields),
        contacts=tuple(_contact(each) for each in fields.tables("contact")),
        rules=_rules(folder / "rules.toml", kinds),
        answers=tuple(
            _answer(each, folder.name)
            for file in sorted((folder / "answers").glob("*.toml"))
            for each in _answer_tables(file)
        ),
        categories=kinds,
    )
    fields.done()
    if pack.region != folder.name:
        raise fields.wrong("region", f"must be the name of the folder, {folder.name}")
    if pack.stage not in STAGES:
        raise fields.wrong("stage", f"must be one of {', '.join(STAGES)}")
    return pack


def _rules(file: Path, kinds: Categories) -> Rules:
    found = rules.read(file)
    for rule in found.subsidies:
        for key in (*rule.categories, *rule.declared_categories):
            if key not in kinds:
                raise PackError(f"{file}: subsidy.categories: there is no category {key}")
    return found


def _clauses(fields: Fields) -> Mapping[str, Clause]:
    clauses: dict[str, Clause] = {}
    for each in fields.tables("clause"):
        clause = Clause(each.text("key"), each.text("heading"), each.texts("lead", ()))
        each.done()
        if clause.key in clauses:
            raise each.wrong("key", f"{clause.key} stands twice")
        clauses[clause.key] = clause
    return clauses


def _contact(fields: Fields) -> Contact:
    contact = Contact(fields.text("kind"), fields.text("value"), fields.text("for"))
    fields.done()
    if contact.kind not in ("phone", "email"):
        raise fields.wrong("kind", "must be phone or email")
    return contact


def _answer_tables(file: Path) -> list[Fields]:
    fields = Fields.of(file)
    tables = fields.tables("answer")
    fields.done()
    return tables


def _answer(fields: Fields, region: str) -> Answer:
    answer = Answer(
        id=fields.text("id"),
        region=region,
        topic=fields.text("topic"),
        asks=fields.texts("asks"),
        says=fields.text("says"),
        says_before=fields.text("says_before", ""),
        says_after=fields.text("says_after", ""),
        cites=fields.texts("cites"),
        follow_ups=fields.texts("follow_ups", ()),
        offers=fields.texts("offers", ()),
        unset=fields.yes("unset"),
        file=fields.file.relative_to(fields.file.parents[2]).as_posix(),
    )
    fields.done()
    for name, value in (("asks", answer.asks), ("cites", answer.cites)):
        if not value:
            raise fields.wrong(name, "is empty")
    return answer
