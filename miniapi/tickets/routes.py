"""Tickets over HTTP: for the residents who open them and the staff who answer."""

from uuid import UUID

from sanic import Blueprint, Request
from sanic.response import HTTPResponse

from faq.packs import Library
from miniapi import clock
from miniapi.accounts.callers import SignedInResident
from miniapi.http.answers import Listed, json, page_json
from miniapi.http.described import answers
from miniapi.http.errors import RegionUnknown
from miniapi.http.idempotency import repeatable
from miniapi.http.limits import limited
from miniapi.http.paging import page_of
from miniapi.http.regions import pack_of
from miniapi.http.requests import body, query
from miniapi.keys import Keys
from miniapi.staff.callers import DeskOfficer
from miniapi.staff.models import StaffRole
from miniapi.tickets import actions, queries, schemas
from miniapi.tickets.errors import MovedOn, NoSuchTicket, OnThatDesk, TicketClosed, TicketFull, TooManyOpen
from miniapi.tickets.schemas import StaffTicketJson, TicketJson, TicketRowJson, staff_ticket_json, ticket_json

routes = Blueprint("tickets")


@routes.post("/tickets")
@limited("ticket")
@body(schemas.OpenTicket)
@repeatable()
@answers(TicketJson, status=201, refuses=[RegionUnknown, TooManyOpen])
async def open_ticket(
    request: Request, resident: SignedInResident, body: schemas.OpenTicket, keys: Keys, library: Library
) -> HTTPResponse:
    """提一件工单：投诉、求助、问政策，或者核实身份。"""
    ticket = await actions.open_ticket(resident.id, body.understood(library), keys, at=clock.now())
    return json(ticket_json(ticket, keys), status=201)


@routes.get("/tickets")
@query(schemas.InState)
@answers(Listed[TicketJson])
async def list_tickets(
    request: Request, resident: SignedInResident, query: schemas.InState, keys: Keys
) -> HTTPResponse:
    """我的工单。"""
    found = queries.tickets_of(resident.id)
    if query.state:
        found = found.filter(state=query.state)
    tickets, next_cursor = await page_of(found, query, by="-opened_at")
    return json(page_json(tickets, next_cursor, lambda one: ticket_json(one, keys)))


@routes.get("/tickets/<ticket_id:uuid>")
@answers(TicketJson, refuses=[NoSuchTicket])
async def show_ticket(
    request: Request, resident: SignedInResident, ticket_id: UUID, keys: Keys
) -> HTTPResponse:
    """一件工单和它的经过。"""
    return json(ticket_json(await queries.ticket(ticket_id, resident.id), keys))


@routes.post("/tickets/<ticket_id:uuid>/messages")
@body(schemas.Message)
@repeatable()
@answers(TicketJson, status=201, refuses=[NoSuchTicket, TicketFull, TicketClosed, TooManyOpen, MovedOn])
async def write(
    request: Request, resident: SignedInResident, ticket_id: UUID, body: schemas.Message, keys: Keys
) -> HTTPResponse:
    """在工单里再说一句：已答复的重新等答复，关闭不满 30 天的重新打开。"""
    ticket = await actions.write(ticket_id, resident.id, body.text, keys, at=clock.now())
    return json(ticket_json(ticket, keys), status=201)


@routes.post("/tickets/<ticket_id:uuid>/close")
@repeatable()
@answers(TicketJson, refuses=[NoSuchTicket, MovedOn])
async def be_content(
    request: Request, resident: SignedInResident, ticket_id: UUID, keys: Keys
) -> HTTPResponse:
    """问题解决了，关闭工单。"""
    return json(ticket_json(await actions.be_content(ticket_id, resident.id, at=clock.now()), keys))


@routes.get("/staff/tickets")
@query(schemas.Wanted)
@answers(Listed[TicketRowJson], refuses=[RegionUnknown])
async def list_on_desks(
    request: Request, staff: DeskOfficer, query: schemas.Wanted, library: Library
) -> HTTPResponse:
    """本岗位的工单，等得最久的在前。"""
    if query.region is not None:
        pack_of(library, query.region)
    asked = {"state": query.state, "kind": query.kind, "role": query.role, "region": query.region}
    found = queries.on_desks(staff.account.roles).filter(
        **{column: value for column, value in asked.items() if value is not None}
    )
    tickets, next_cursor = await page_of(found, query, by="changed_at")
    return json(page_json(tickets, next_cursor, schemas.row_json))


@routes.get("/staff/tickets/<ticket_id:uuid>")
@answers(StaffTicketJson, refuses=[NoSuchTicket])
async def show_on_desk(request: Request, staff: DeskOfficer, ticket_id: UUID, keys: Keys) -> HTTPResponse:
    """本岗位的一件工单和它的经过；查看会记入日志，居民看得到。"""
    return json(staff_ticket_json(await actions.look_at(ticket_id, staff, at=clock.now()), keys))


@routes.post("/staff/tickets/<ticket_id:uuid>/answer")
@body(schemas.Message)
@answers(StaffTicketJson, refuses=[NoSuchTicket, MovedOn])
async def answer(
    request: Request, staff: DeskOfficer, ticket_id: UUID, body: schemas.Message, keys: Keys
) -> HTTPResponse:
    """答复工单。"""
    ticket = await actions.answer(ticket_id, staff, body.text, keys, at=clock.now())
    return json(staff_ticket_json(ticket, keys))


@routes.post("/staff/tickets/<ticket_id:uuid>/close")
@body(schemas.Because)
@answers(StaffTicketJson, refuses=[NoSuchTicket, MovedOn])
async def close(
    request: Request, staff: DeskOfficer, ticket_id: UUID, body: schemas.Because, keys: Keys
) -> HTTPResponse:
    """关闭工单，说明原因。"""
    ticket = await actions.close(ticket_id, staff, body.reason, keys, at=clock.now())
    return json(staff_ticket_json(ticket, keys))


@routes.post("/staff/tickets/<ticket_id:uuid>/reopen")
@body(schemas.Because)
@answers(StaffTicketJson, refuses=[NoSuchTicket, MovedOn])
async def reopen(
    request: Request, staff: DeskOfficer, ticket_id: UUID, body: schemas.Because, keys: Keys
) -> HTTPResponse:
    """重新办理已答复或已关闭的工单，说明原因。"""
    ticket = await actions.reopen(ticket_id, staff, body.reason, keys, at=clock.now())
    return json(staff_ticket_json(ticket, keys))


@routes.post("/staff/tickets/<ticket_id:uuid>/forward")
@body(schemas.Forward)
@answers(StaffTicketJson, refuses=[NoSuchTicket, OnThatDesk, MovedOn])
async def forward(
    request: Request, staff: DeskOfficer, ticket_id: UUID, body: schemas.Forward, keys: Keys
) -> HTTPResponse:
    """把工单转给另一个岗位，说明原因。"""
    role = StaffRole(body.role)
    ticket = await actions.forward(ticket_id, staff, role, body.reason, keys, at=clock.now())
    return json(staff_ticket_json(ticket, keys))
