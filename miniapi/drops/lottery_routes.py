"""Draws over HTTP: taking part, and seeing that all is fair."""

from uuid import UUID

from sanic import Blueprint, Request
from sanic.response import HTTPResponse, empty

from faq.packs import Library
from miniapi import clock
from miniapi.accounts.callers import Anyone, SignedInResident
from miniapi.accounts.errors import IdentityRequired
from miniapi.drops import lottery, lottery_queries
from miniapi.drops.errors import EntriesFixed, NoSuchDrop, NoSuchRegistration, NotByLot, RegistrationNotOpen
from miniapi.drops.lottery_schemas import DrawJson, RegistrationJson, draw_json, registration_json
from miniapi.http.answers import Listed, json, page_json
from miniapi.http.described import answers
from miniapi.http.idempotency import repeatable
from miniapi.http.paging import Page, page_of
from miniapi.http.requests import query

routes = Blueprint("lottery")


@routes.get("/drops/<drop_id:uuid>/draw")
@query(Page)
@answers(DrawJson, refuses=[NoSuchDrop, NotByLot])
async def show_draw(request: Request, caller: Anyone, drop_id: UUID, query: Page) -> HTTPResponse:
    """一场抽签：先公布种子的摘要，再公布名单的摘要，最后公布种子和名次，任何人都能重算。

    排期时公布 `commitment`（种子的 SHA-256），报名截止时公布 `entries_digest`（名单的 SHA-256，之后谁也不能再
    加入或退出），抽签时公布 `seed` 和全部报名编号。名次按“种子紧接报名编号”的 SHA-256 从小到大排。种子是 64
    个小写十六进制字符，报名编号是带连字符的小写 UUID，都按 ASCII 字节计算，摘要写成小写十六进制。

    券按名次发，发到本场数量用完为止。已注销账号的、个人额度已用完的、资金池余额不够的，跳过，由后面的名次递补：
    名次不变，`won` 为 false。抽签若因故晚于本场结束，只公布名次，不再发券。

    `draw` 是这里的回答，`ids` 是全部各页的报名编号（按名次），重算只要：

        from hashlib import sha256
        hashed = lambda text: sha256(text.encode("ascii")).hexdigest()
        assert hashed(draw["seed"]) == draw["commitment"]
        assert hashed("".join(f"{one}\\n" for one in sorted(ids))) == draw["entries_digest"]
        assert ids == sorted(ids, key=lambda one: hashed(draw["seed"] + one))
    """
    drop = await lottery_queries.lottery(drop_id)
    ranked, next_cursor = await page_of(lottery_queries.ranked(drop.id), query, by="place")
    registered = await lottery_queries.entries(drop.id).count()
    return json(draw_json(drop, registered, ranked, next_cursor))


@routes.post("/drops/<drop_id:uuid>/registrations")
@repeatable()
@answers(
    RegistrationJson,
    status=201,
    refuses=[NoSuchDrop, IdentityRequired, NotByLot, RegistrationNotOpen, EntriesFixed],
)
async def register(
    request: Request, drop_id: UUID, resident: SignedInResident, library: Library
) -> HTTPResponse:
    """报名参加抽签：每场每人一次，再报一次还是原来那次。"""
    given = await lottery.register(drop_id, resident.account, library, at=clock.now())
    return json(registration_json(given), status=201)


@routes.get("/registrations")
@query(Page)
@answers(Listed[RegistrationJson])
async def list_registrations(request: Request, resident: SignedInResident, query: Page) -> HTTPResponse:
    """我报名的抽签和结果。"""
    found, next_cursor = await page_of(
        lottery_queries.registrations_of(resident.id), query, by="-registered_at"
    )
    return json(page_json(found, next_cursor, registration_json))


@routes.delete("/registrations/<registration_id:uuid>")
@answers(refuses=[NoSuchRegistration, EntriesFixed])
async def withdraw(request: Request, resident: SignedInResident, registration_id: UUID) -> HTTPResponse:
    """退出一场抽签，报名截止前都可以。"""
    await lottery.withdraw(registration_id, resident.id, at=clock.now())
    return empty()
