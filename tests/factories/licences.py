"""Licences of recyclers and dismantlers."""

import itertools
from datetime import date, datetime

from miniapi.clock import SHANGHAI
from miniapi.merchants.models import Licence, LicenceKind, Merchant, MerchantKind

KEPT_SINCE = datetime(2024, 1, 1, tzinfo=SHANGHAI)
KIND_OF = {
    MerchantKind.RECYCLER: LicenceKind.RECYCLING,
    MerchantKind.DISMANTLER: LicenceKind.DISMANTLING,
}
_numbers = itertools.count(1)


async def a_licence(
    merchant: Merchant, valid_until: date = date(2027, 12, 31), *, added_at: datetime = KEPT_SINCE
) -> Licence:
    """What an enterprise of this kind needs, good for long unless told otherwise."""
    number = f"示例许可{next(_numbers):06d}"
    return await Licence.create(
        merchant=merchant,
        kind=KIND_OF[merchant.kind],
        number=number,
        valid_until=valid_until,
        added_at=added_at,
    )
