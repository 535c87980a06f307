"""Where a programme's money stands, its drops and its enterprises: what the bureau decides by."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from faq.packs import Pack
from faq.rules import ReadinessRule
from miniapi.clock import SHANGHAI
from miniapi.database import sql
from miniapi.drops import rules as drops
from miniapi.drops.models import Drop
from miniapi.drops.queries import as_they_stand
from miniapi.ledger.models import SOURCES, AccountName
from miniapi.ledger.queries import balances
from miniapi.merchants.models import MerchantKind
from miniapi.merchants.queries import public_list
from miniapi.money import Fen, from_yuan
from miniapi.programmes.models import Programme
from miniapi.programmes.queries import programme_of

FACES = """
    SELECT coalesce(sum(v.max_fen), 0)::bigint AS fen
    FROM voucher v JOIN "drop" d ON d.id = v.drop_id WHERE d.programme_id = $1
"""


@dataclass(frozen=True, slots=True)
class Monitor:
    """How a programme stands; `faces` is what all its vouchers could have cost, whatever became of them."""

    programme: Programme
    balances: Mapping[AccountName, Fen]
    faces: Fen
    item_cap: Fen
    sellers: int
    recyclers: int
    readiness: ReadinessRule | None
    drops: Sequence[Drop]

    @property
    def ceiling(self) -> Fen:
        """What the sources gave."""
        return Fen(sum(self.balances[name] for name in SOURCES))

    @property
    def bound(self) -> Fen:
        """What is promised, owed or paid: never more than the ceiling."""
        names = AccountName.RESERVED, AccountName.PAYABLE, AccountName.PAID
        return Fen(sum(self.balances[name] for name in names))

    @property
    def room(self) -> int:
        """How many vouchers the pool still covers."""
        return drops.room(self.balances[AccountName.POOL], self.item_cap)


async def monitor(pack: Pack, *, at: datetime) -> Monitor:
    """How the programme of a region stands. Raises NoSuchProgramme."""
    programme, on = await programme_of(pack.region, at=at), at.astimezone(SHANGHAI).date()
    rule = pack.rules.subsidy(on)
    if rule is None:
        raise ValueError(f"the programme {programme.code} has no subsidy rule")
    (faces,) = await sql.rows(FACES, programme.id)
    enterprises = public_list(pack.region)
    return Monitor(
        programme=programme,
        balances=await balances(programme.code),
        faces=Fen(faces["fen"]),
        item_cap=from_yuan(rule.item_cap_yuan),
        sellers=await enterprises.filter(kind=MerchantKind.SELLER).count(),
        recyclers=await enterprises.filter(kind=MerchantKind.RECYCLER).count(),
        readiness=pack.rules.readiness(on),
        drops=await as_they_stand(Drop.filter(programme_id=programme.id)).order_by("opens_at"),
    )
