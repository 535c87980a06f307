"""What enterprises are permitted to do with old things: kept by the bureau, asked for at every hand-over."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from uuid import UUID

from tortoise.queryset import QuerySet
from tortoise.transactions import in_transaction

from miniapi.audit.actions import record
from miniapi.clock import SHANGHAI
from miniapi.merchants.errors import LicenceExpired, LicenceMissing, LicenceNotTheirs, NoSuchMerchant
from miniapi.merchants.models import Licence, LicenceKind, Merchant, MerchantKind
from miniapi.staff.callers import Bureau

CALLED: Mapping[LicenceKind, str] = {
    LicenceKind.RECYCLING: "再生资源回收经营备案",
    LicenceKind.DISMANTLING: "废弃电器电子产品处理资格",
}
HELD_BY: Mapping[LicenceKind, MerchantKind] = {
    LicenceKind.RECYCLING: MerchantKind.RECYCLER,
    LicenceKind.DISMANTLING: MerchantKind.DISMANTLER,
}


async def put_in(
    merchant_id: UUID, kind: LicenceKind, number: str, valid_until: date, officer: Bureau, *, at: datetime
) -> Licence:
    """Keep a licence that the bureau has seen; it goes before any that was kept of its kind.

    Raises NoSuchMerchant, LicenceNotTheirs.
    """
    merchant = await Merchant.get_or_none(id=merchant_id)
    if merchant is None:
        raise NoSuchMerchant()
    if merchant.kind is not HELD_BY[kind]:
        raise LicenceNotTheirs(permission=CALLED[kind])
    async with in_transaction():
        before = await last_of(merchant.id, kind)
        licence = await Licence.create(
            merchant=merchant, kind=kind, number=number, valid_until=valid_until, added_at=at
        )
        await record(
            officer.actor,
            "licence.added",
            f"merchant:{merchant.id}",
            at=at,
            before=_on_record(before) if before else None,
            after=_on_record(licence),
        )
    return licence


def licences(region: str, merchant_id: UUID | None = None) -> "QuerySet[Licence]":
    """The licences of the enterprises of a region, of one of them where it is given, older ones included."""
    found = Licence.filter(merchant__region=region)
    if merchant_id is not None:
        found = found.filter(merchant_id=merchant_id)
    return found.select_related("merchant")


async def last_of(merchant_id: UUID, kind: LicenceKind) -> Licence | None:
    """The licence that counts of an enterprise, good or expired."""
    kept = Licence.filter(merchant_id=merchant_id, kind=kind)
    return await kept.order_by("-added_at", "-id").first()


async def good_licence(merchant_id: UUID, kind: LicenceKind, *, on: datetime) -> Licence:
    """The licence with which an enterprise may take old things at a moment.

    Raises LicenceMissing, LicenceExpired.
    """
    licence = await last_of(merchant_id, kind)
    if licence is not None and on < expired_from(licence):
        return licence
    merchant = await Merchant.get(id=merchant_id)
    if licence is None:
        raise LicenceMissing(merchant=merchant.name, permission=CALLED[kind])
    raise LicenceExpired(
        merchant=merchant.name,
        permission=CALLED[kind],
        number=licence.number,
        since=expired_from(licence),
    )


def expired_from(licence: Licence) -> datetime:
    """The first moment at which a licence is good no more: the midnight in China after its last day."""
    return datetime.combine(licence.valid_until + timedelta(days=1), time(), SHANGHAI)


def _on_record(licence: Licence) -> dict[str, object]:
    return {
        "licence": licence.id,
        "kind": licence.kind,
        "number": licence.number,
        "valid_until": licence.valid_until,
    }
