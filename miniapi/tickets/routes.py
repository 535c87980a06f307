"""Tickets over HTTP, for the residents who open them."""

from uuid import UUID

from sanic import Blueprint, Request
from sanic.response import HTTPResponse, json

from faq.packs import Library
from miniapi import clock
from miniapi.accounts.callers import SignedInResident
from miniapi.http.answers import page_json
from miniapi.http.idempotency import repeatable
from miniapi.http.paging import Page, page_of
from miniapi.http.regions import pack_of
from miniapi.http.requests import body, query
from miniapi.keys import Keys
from miniapi.tickets import actions, queries, schemas
from miniapi.tickets.models import TicketKind
from miniapi.tickets.schemas import ticket_json

routes = Blueprint("tickets")


@routes.post("/tickets")
@body(schemas.OpenTicket)
@repeatable
async def open_ticket(
    request: Request, resident: SignedInResident, body: schemas.OpenTicket, keys: Keys, library: Library
) -> HTTPResponse:
    """提一件工单：投诉，或者请工作人员帮忙。"""
    region = pack_of(library, body.region).region if body.region is not None else None
    ticket = await actions.open_ticket(
        resident.id, TicketKind(body.kind), body.text, region, keys, at=clock.now()
    )
    return json(ticket_json(ticket, keys), status=201)


@routes.get("/tickets")
@query(Page)
async def list_tickets(request: Request, resident: SignedInResident, query: Page, keys: Keys) -> HTTPResponse:
    """我的工单。"""
    tickets, next_cursor = await page_of(queries.tickets_of(resident.id), query, by="-opened_at")
    return json(page_json(tickets, next_cursor, lambda one: ticket_json(one, keys)))


@routes.get("/tickets/<ticket_id:uuid>")
async def show_ticket(
    request: Request, resident: SignedInResident, ticket_id: UUID, keys: Keys
) -> HTTPResponse:
    """一件工单和它的经过。"""
    return json(ticket_json(await queries.ticket(ticket_id, resident.id), keys))
