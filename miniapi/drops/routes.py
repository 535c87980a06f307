"""Drops over HTTP."""

from uuid import UUID

from sanic import Blueprint, Request
from sanic.response import HTTPResponse

from faq.packs import Library
from miniapi import clock
from miniapi.accounts.callers import Anyone
from miniapi.drops import queries, schemas
from miniapi.drops.errors import NoSuchDrop
from miniapi.http.answers import Listed, json, page_json
from miniapi.http.described import answers
from miniapi.http.errors import RegionUnknown
from miniapi.http.paging import page_of
from miniapi.http.regions import pack_of
from miniapi.http.requests import query

routes = Blueprint("drops")


@routes.get("/drops")
@query(schemas.OfRegion)
@answers(Listed[schemas.DropJson], refuses=[RegionUnknown])
async def list_drops(
    request: Request, caller: Anyone, library: Library, query: schemas.OfRegion
) -> HTTPResponse:
    """一个地区的各场发券，按时间先后。"""
    now = clock.now()
    found = queries.drops_of(pack_of(library, query.region).region)
    drops, next_cursor = await page_of(found, query, by="opens_at")
    return json(page_json(drops, next_cursor, lambda drop: schemas.drop_json(drop, library, now)))


@routes.get("/drops/<drop_id:uuid>")
@answers(schemas.DropJson, refuses=[NoSuchDrop])
async def show_drop(request: Request, caller: Anyone, drop_id: UUID, library: Library) -> HTTPResponse:
    """一场发券。"""
    return json(schemas.drop_json(await queries.drop(drop_id), library, clock.now()))
