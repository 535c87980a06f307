"""What comes after a sale over HTTP: refunds, corrections, exchanges."""

from typing import Any
from uuid import UUID

from sanic import Blueprint, Request
from sanic.response import HTTPResponse

from faq.packs import Library
from miniapi import clock
from miniapi.http.answers import json
from miniapi.http.described import answers
from miniapi.http.idempotency import repeatable
from miniapi.http.requests import body
from miniapi.keys import Keys
from miniapi.merchants.callers import Clerk
from miniapi.redemption import afterwards, correcting, queries, refunding
from miniapi.redemption import afterwards_schemas as schemas
from miniapi.redemption.errors import (
    AlreadyRefunded,
    AlreadyRejected,
    AlreadySettled,
    InvoiceMismatch,
    NoSuchRedemption,
    PriceOnlyDown,
    PriceTooLow,
    RefundTooLate,
    SerialTaken,
)
from miniapi.redemption.schemas import RedemptionJson, redemption_json
from miniapi.staff.errors import ReasonPersonal
from miniapi.vouchers.errors import VoucherMoved

routes = Blueprint("afterwards", url_prefix="/merchant/redemptions")

ALWAYS = (NoSuchRedemption, ReasonPersonal, AlreadyRefunded, VoucherMoved)


async def _because(
    request: Request,
    redemption_id: UUID,
    clerk: Clerk,
    body: schemas.Correct | schemas.Exchange,
    keys: Keys,
    **_: Any,
) -> dict[str, Any]:
    """A reason that names somebody is on record, though nothing else has happened."""
    because = await afterwards.fit_reason(redemption_id, body.reason, clerk, keys, at=clock.now())
    return {"because": because}


async def _prepare(
    request: Request, redemption_id: UUID, clerk: Clerk, body: schemas.Refund, keys: Keys, **_: Any
) -> dict[str, Any]:
    """The same, and what has lapsed is expired in transactions of its own."""
    because = await refunding.prepare(redemption_id, body.reason, clerk, keys, at=clock.now())
    return {"because": because}


@routes.post("/<redemption_id:uuid>/refund")
@body(schemas.Refund)
@repeatable(first=_prepare)
@answers(RedemptionJson, refuses=[*ALWAYS, RefundTooLate])
async def refund(
    request: Request,
    clerk: Clerk,
    redemption_id: UUID,
    body: schemas.Refund,
    library: Library,
    keys: Keys,
    because: str,
) -> HTTPResponse:
    """退货：整件退，补贴原路退回；券在有效期内恢复。"""
    await refunding.refund(redemption_id, because, clerk, library, at=clock.now())
    return await _shown(redemption_id, clerk, library)


@routes.post("/<redemption_id:uuid>/correction")
@body(schemas.Correct)
@repeatable(first=_because)
@answers(
    RedemptionJson,
    refuses=[*ALWAYS, AlreadyRejected, AlreadySettled, PriceOnlyDown, PriceTooLow, InvoiceMismatch],
)
async def correct(
    request: Request,
    clerk: Clerk,
    redemption_id: UUID,
    body: schemas.Correct,
    library: Library,
    keys: Keys,
    because: str,
) -> HTTPResponse:
    """结算前把成交价更正低一些：补贴跟着减，差额退回。"""
    await correcting.correct_price(redemption_id, body.price, because, clerk, library, at=clock.now())
    return await _shown(redemption_id, clerk, library)


@routes.post("/<redemption_id:uuid>/exchange")
@body(schemas.Exchange)
@repeatable(first=_because)
@answers(RedemptionJson, refuses=[*ALWAYS, AlreadyRejected, SerialTaken])
async def exchange(
    request: Request,
    clerk: Clerk,
    redemption_id: UUID,
    body: schemas.Exchange,
    library: Library,
    keys: Keys,
    because: str,
) -> HTTPResponse:
    """换货：不算退货，钱不变，登记新的序列号。"""
    await correcting.exchange(redemption_id, body.goods, because, clerk, library, at=clock.now())
    return await _shown(redemption_id, clerk, library)


async def _shown(redemption_id: UUID, clerk: Clerk, library: Library) -> HTTPResponse:
    found = await queries.redemption(redemption_id, clerk.merchant.id)
    return json(redemption_json(found, library.categories))
