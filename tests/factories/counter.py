"""Shops, their clerks, and what happens at a counter."""

import itertools
import secrets
from datetime import datetime

from faq.packs import Library
from miniapi.accounts.models import Resident
from miniapi.drops.models import Drop
from miniapi.merchants.callers import Clerk
from miniapi.merchants.models import Member, Merchant, MerchantKind, Role
from miniapi.money import Fen
from miniapi.redemption import quoting, redeeming
from miniapi.redemption.models import Redemption
from miniapi.redemption.quoting import Quoted
from miniapi.redemption.redeeming import OldUnit, Sale
from miniapi.subsidies.rules import Item
from miniapi.vouchers import presenting
from miniapi.vouchers.claiming import claim
from miniapi.vouchers.models import Voucher
from miniapi.vouchers.presenting import Presented, Shown
from tests.factories.people import KEYS, a_resident
from tests.factories.season import an_open_drop

DECLARED = OldUnit(declared=True)
_numbers = itertools.count(1)


async def a_shop(name: str | None = None, *, region: str = "yangling") -> Merchant:
    """An approved seller; of a name of its own unless one is given."""
    name = name or f"示例家电店 {secrets.token_hex(4)}"
    shop, _ = await Merchant.get_or_create(
        region=region, kind=MerchantKind.SELLER, name=name, defaults={"address": "示例路 1 号"}
    )
    return shop


async def a_clerk(at: datetime, shop: Merchant | None = None, *, resident: Resident | None = None) -> Clerk:
    """Somebody at a counter; at one of their own unless a shop is given."""
    shop, somebody = shop or await a_shop(), resident or await a_resident(at)
    await Member.create(resident=somebody, merchant=shop, role=Role.CLERK)
    return Clerk(somebody, "", shop)


async def a_voucher(at: datetime, library: Library, drop: Drop | None = None) -> Voucher:
    """A voucher in the wallet of somebody new; of the drop that is open unless one is given."""
    drop = drop or await Drop.filter(opens_at__lte=at, closes_at__gt=at).first()
    drop = drop or await an_open_drop(library, at)
    return await claim(drop.id, await a_resident(at), library, at=at)


async def a_presentation(voucher: Voucher, library: Library, *, at: datetime) -> Presented:
    """The voucher held out by its owner."""
    return await presenting.present(voucher.id, voucher.resident_id, library, KEYS, at=at)


async def a_counter_quote(
    voucher: Voucher,
    clerk: Clerk,
    library: Library,
    *,
    at: datetime,
    price_fen: int = 520_000,
    category: str = "fridge",
    energy_grade: int | None = 1,
) -> Quoted:
    """What a voucher that is held out now takes off; off a good fridge unless told otherwise."""
    held_out = await a_presentation(voucher, library, at=at)
    item = Item(library.categories[category], Fen(price_fen), energy_grade)
    return await quoting.quote(Shown(payload=held_out.payload), item, clerk, library, KEYS, at=at)


def a_sale(*, invoice_fen: int = 520_000, old_unit: OldUnit = DECLARED, **facts: str) -> Sale:
    """What stands on a nameplate and an invoice; both numbers are new unless told otherwise."""
    number = next(_numbers)
    known = {
        "brand": "示例牌",
        "model": "BCD-500",
        "serial_number": f"SN{number:08d}",
        "invoice_number": f"24{number:018d}",
    }
    return Sale(**(known | facts), invoice_fen=Fen(invoice_fen), old_unit=old_unit)


async def a_redemption(
    at: datetime,
    library: Library,
    *,
    voucher: Voucher | None = None,
    clerk: Clerk | None = None,
    price_fen: int = 520_000,
    sale: Sale | None = None,
) -> Redemption:
    """A fridge sold with a voucher just now; somebody's at some shop unless told otherwise."""
    voucher = voucher or await a_voucher(at, library)
    clerk = clerk or await a_clerk(at)
    quoted = await a_counter_quote(voucher, clerk, library, at=at, price_fen=price_fen)
    sold = sale or a_sale(invoice_fen=price_fen)
    return await redeeming.redeem(quoted.quote.id, sold, clerk, library, at=at)
