"""Recyclers and what they pay."""

import secrets
from datetime import datetime

from miniapi.merchants.callers import Manager
from miniapi.merchants.models import Member, Merchant, MerchantKind, Role
from tests.factories.people import a_resident

A_TABLE_OF_PRICES = """品类,大小,年数起,年数不满,能否使用,最低价,最高价,说明
冰箱,大,,5,能用,150,300,450 升以上
冰箱,大,5,,能用,80,160.5,
冰箱,小,,,能用,40,90,200 升以下
冰箱,,,,不能用,20,60,
电视机,,,,,10,120,
""".encode()


async def a_recycler(at: datetime, name: str | None = None, *, region: str = "yangling") -> Manager:
    """The manager of a recycler of their own."""
    name = name or f"示例回收站 {secrets.token_hex(4)}"
    merchant = await Merchant.create(
        region=region, kind=MerchantKind.RECYCLER, name=name, address="示例路 9 号", demo=True
    )
    somebody = await a_resident(at)
    await Member.create(resident=somebody, merchant=merchant, role=Role.MANAGER)
    return Manager(somebody, "", merchant)
