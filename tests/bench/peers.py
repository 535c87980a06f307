"""What the product is measured beside that serves HTTP too: `python -m tests.bench.peers bare` (or `orm`)."""

import sys
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import uvloop
from sanic import Blueprint, Request, Sanic
from sanic.response import HTTPResponse, json
from tortoise.functions import Sum

from miniapi import cli, clock, worker
from miniapi.accounts.callers import SignedInResident
from miniapi.accounts.models import Resident
from miniapi.app import create_app
from miniapi.audit.actions import record
from miniapi.drops.errors import DropNotOpen, SoldOut
from miniapi.drops.models import Drop, DropState
from miniapi.http.idempotency import repeatable
from miniapi.ledger.models import Account, AccountName, Entry, Transfer
from miniapi.listening import listen
from miniapi.reminders.models import Notice
from miniapi.settings import Settings
from miniapi.vouchers.errors import AlreadyClaimed, PersonalLimitReached
from miniapi.vouchers.models import Voucher, VoucherEvent, VoucherState
from miniapi.vouchers.schemas import voucher_json
from tests.bench.city import WORTH

PERSON_CAP = 300_000  # fen
CODE = 16  # characters

plain = Blueprint("plain", url_prefix="/api/v1/plain")


def bare() -> None:
    """Sanic and nothing else."""
    app = Sanic("bare", configure_logging=False)

    @app.post("/api/v1/drops/<drop_id:uuid>/claims")
    async def claim(request: Request, drop_id: UUID) -> HTTPResponse:
        return json({"rank": 1}, status=201)

    @app.get("/readyz")
    async def ready(request: Request) -> HTTPResponse:
        return json({})

    uvloop.install()
    settings = Settings.from_environment()
    listening = listen(settings.host, settings.port, "HUANXIN_PORT")
    app.run(sock=listening, single_process=True, access_log=False, motd=False)


def orm() -> None:
    """The product, with one route more."""

    def create(*loaded: Any) -> Sanic:
        app = create_app(*loaded)
        app.blueprint(plain)
        return app

    worker.create_app = create
    cli.main(["serve", "--workers", "1"])


@plain.post("/drops/<drop_id:uuid>/claims")
@repeatable()
async def claim(request: Request, drop_id: UUID, resident: SignedInResident) -> HTTPResponse:
    """The claim as anybody would write it; `repeatable` has begun the transaction, and keeps the answer."""
    at = clock.now()
    voucher, event = await _claimed(drop_id, resident.account, at)
    return json({"voucher": voucher_json(voucher, [event], at), "rank": voucher.rank}, status=201)


async def _claimed(drop_id: UUID, resident: Resident, at: datetime) -> tuple[Voucher, VoucherEvent]:
    drop = await Drop.filter(id=drop_id).select_for_update().get()
    programme = await drop.programme
    if drop.state(at) is DropState.SOLD_OUT:
        raise SoldOut()
    if drop.state(at) is not DropState.OPEN:
        raise DropNotOpen()
    if await Voucher.exists(drop=drop, person_id=resident.person_id):
        raise AlreadyClaimed()
    own = Voucher.filter(person_id=resident.person_id, region=programme.region)
    sums = await own.annotate(reserved=Sum("reserved_fen"), kept=Sum("subsidy_fen")).values(
        "reserved", "kept"
    )
    if sum((row["reserved"] or 0) + (row["kept"] or 0) for row in sums) + WORTH > PERSON_CAP:
        raise PersonalLimitReached()
    drop.issued += 1
    await drop.save(update_fields=["issued"])
    voucher = Voucher(
        drop=drop,
        resident=resident,
        person_id=resident.person_id,
        region=programme.region,
        rank=drop.issued,
        max_fen=WORTH,
        reserved_fen=WORTH,
        issued_at=at,
        valid_until=drop.valid_until,
    )
    voucher.code = voucher.id.hex[-CODE:].upper()
    await voucher.save()
    event = await VoucherEvent.create(voucher=voucher, state=VoucherState.ISSUED, at=at, note="领取成功")
    await _reserve(programme.code, voucher, at)
    await Notice.create(
        resident=resident,
        kind="claimed",
        subject=voucher.id,
        dedupe_key=f"claimed:{voucher.id}",
        asked_for=False,
        about=f"您领到一张消费券，最高减 1000 元，{drop.valid_until:%m月%d日}前使用",
        fields_json={"thing1": f"消费券 {voucher.code}", "amount2": "1000元", "time3": f"{drop.valid_until}"},
        due_at=at,
        too_late_at=at + timedelta(minutes=30),
        created_at=at,
    )
    told = {"drop": str(drop.id), "rank": voucher.rank, "reserved_fen": WORTH}
    await record(f"resident:{resident.id}", "voucher.claimed", f"voucher:{voucher.id}", at=at, after=told)
    return voucher, event


async def _reserve(book: str, voucher: Voucher, at: datetime) -> None:
    transfer = await Transfer.create(key=f"voucher:{voucher.id}:reserve", reason="claim", at=at)
    for name, change in ((AccountName.POOL, -WORTH), (AccountName.RESERVED, WORTH)):
        account = await Account.filter(book=book, name=name).select_for_update().get()
        account.balance += change
        await account.save(update_fields=["balance"])
        await Entry.create(transfer=transfer, account=account, amount=change)


if __name__ == "__main__":
    {"bare": bare, "orm": orm}[sys.argv[1]]()
