"""Quotes for a purchase, counted with what the person has used."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from faq.packs import Citation, Pack
from miniapi.clock import SHANGHAI
from miniapi.money import Fen
from miniapi.subsidies import rules
from miniapi.subsidies.errors import NoSubsidyRule


@dataclass(frozen=True, slots=True)
class Quote:
    """All items of a purchase. `notes` say what holds for the whole of it."""

    items: tuple[rules.ItemQuote, ...]
    citation: Citation
    notes: tuple[tuple[str, Citation], ...]

    @property
    def total(self) -> Fen:
        """The sum of the subsidies."""
        return Fen(sum(quoted.subsidy for quoted in self.items))


def quote(pack: Pack, items: Sequence[rules.Item], *, used: Fen, at: datetime) -> Quote:
    """Quote by the rules of a region's pack; `used` is what the person has kept so far.

    Raises NoSubsidyRule where the document fixes no standard.
    """
    rule = pack.rules.subsidy(at.astimezone(SHANGHAI).date())
    if rule is None:
        raise NoSubsidyRule(document=f"《{pack.document.title}》")
    room = Fen(max(0, rules.person_cap(rule) - used))
    return Quote(
        items=tuple(rules.quote(items, rule, room)),
        citation=pack.citation(rule.cites, at),
        notes=_notes(pack, at),
    )


def _notes(pack: Pack, at: datetime) -> tuple[tuple[str, Citation], ...]:
    calendar = pack.rules.calendar(at.astimezone(SHANGHAI).date())
    if calendar is None or (phase := calendar.phase(at)) == "open":
        return ()
    if phase == "before":
        begins = f"活动 {calendar.window_opens:%Y年%m月%d日 %H:%M} 开始，现在还不能用券。"
        return ((begins, pack.citation(calendar.cites, at)),)
    over = f"活动已于 {calendar.last_day:%Y年%m月%d日} 结束，现在不能再补贴；金额按当时的标准计算。"
    return ((over, pack.citation(calendar.cites_last_day, at)),)
