"""Certificates over HTTP: for whoever gave the old things away, and for anybody who holds the paper."""

import asyncio
from uuid import UUID

from sanic import Blueprint, Request
from sanic.response import HTTPResponse, raw, text

from faq.packs import Library
from miniapi.accounts.callers import Anyone, Newcomer, SignedInResident
from miniapi.custody import paper, queries, schemas
from miniapi.custody.errors import NoSuchCertificate, NotDismantledYet
from miniapi.custody.schemas import ChainJson, GenuineJson
from miniapi.http.answers import json
from miniapi.http.described import answers
from miniapi.pickup.errors import NoSuchPickup
from miniapi.settings import Settings

PRIVATE = {"Cache-Control": "private, no-store", "Content-Disposition": 'inline; filename="certificate.pdf"'}

routes = Blueprint("custody")
pages = Blueprint("certificates")


@routes.get("/pickups/<pickup_id:uuid>/certificate")
@answers(ChainJson, refuses=[NoSuchPickup])
async def show_chain(
    request: Request, resident: SignedInResident, pickup_id: UUID, settings: Settings, library: Library
) -> HTTPResponse:
    """旧物交出去以后到了哪一步、经手的是谁、凭什么许可；拆解后有处理证明。"""
    chain = await queries.chain_of(pickup_id, resident.id)
    return json(schemas.chain_json(chain, settings.public_url, library.categories))


@routes.get("/pickups/<pickup_id:uuid>/certificate.pdf")
@answers(bytes, content_type="application/pdf", refuses=[NoSuchPickup, NotDismantledYet])
async def print_certificate(
    request: Request, resident: SignedInResident, pickup_id: UUID, settings: Settings, library: Library
) -> HTTPResponse:
    """处理证明（PDF，一页，带可供任何人核验的二维码）。"""
    chain = await queries.chain_of(pickup_id, resident.id)
    if chain.certificate is None:
        raise NotDismantledYet()
    page = paper.paper_of(chain, chain.certificate, settings.public_url, library.categories)
    content = await asyncio.to_thread(paper.drawn, page)
    return raw(content, content_type="application/pdf", headers=PRIVATE)


@routes.get("/certificates/<code:str>")
@answers(GenuineJson, refuses=[NoSuchCertificate])
async def verify(request: Request, caller: Anyone, code: str, library: Library) -> HTTPResponse:
    """核验处理证明：编号属实就给出品类、经手单位和许可、日期，以及关联的购买；不含个人信息。"""
    chain, certificate = await queries.chain_by_code(code)
    return json(schemas.genuine_json(chain, certificate, library.categories))


@pages.get("/c/<code:str>")
@answers(str, content_type="text/plain", refuses=[NoSuchCertificate])
async def read(
    request: Request, caller: Newcomer, code: str, settings: Settings, library: Library
) -> HTTPResponse:
    """扫二维码看到的核验结果，文字版。"""
    chain, certificate = await queries.chain_by_code(code)
    page = paper.paper_of(chain, certificate, settings.public_url, library.categories)
    return text(paper.in_words(page))
