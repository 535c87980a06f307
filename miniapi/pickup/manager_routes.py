"""Crews over HTTP: the manager of a recycler keeps them and their hours, and people join them."""

from uuid import UUID

from sanic import Blueprint, Request
from sanic.response import HTTPResponse, empty

from faq.packs import Library
from miniapi import clock
from miniapi.accounts.callers import SignedInResident
from miniapi.http.answers import Listed, json, page_json
from miniapi.http.described import answers
from miniapi.http.paging import Page, page_of
from miniapi.http.regions import refuse_unknown_district
from miniapi.http.requests import body, query
from miniapi.keys import Keys
from miniapi.merchants.callers import Manager
from miniapi.merchants.models import Crew
from miniapi.pickup import crews, hours, queries
from miniapi.pickup import manager_schemas as schemas
from miniapi.pickup.errors import (
    CrewClosed,
    CrewNamed,
    HoursOverlap,
    InvitationWrong,
    NoSuchCrewOfYours,
    NoSuchMember,
    OtherwiseEmployed,
)
from miniapi.pickup.manager_schemas import HoursJson, MyCrewJson, my_crew_json

routes = Blueprint("crews")


@routes.get("/merchant/crews")
@query(Page)
@answers(Listed[MyCrewJson])
async def list_crews(request: Request, manager: Manager, query: Page, keys: Keys) -> HTTPResponse:
    """本企业的上门小组和组员，停用的也在内。"""
    found, next_cursor = await page_of(queries.crews_of(manager.merchant.id), query, by="name")
    people = await crews.people_of(found)
    return json(page_json(found, next_cursor, lambda crew: my_crew_json(crew, people[crew.id], keys)))


@routes.post("/merchant/crews")
@body(schemas.FormCrew)
@answers(MyCrewJson, status=201, refuses=[CrewNamed])
async def form_crew(request: Request, manager: Manager, body: schemas.FormCrew, keys: Keys) -> HTTPResponse:
    """新建一个上门小组。"""
    crew = await crews.form(body.name, manager, at=clock.now())
    return json(my_crew_json(crew, [], keys), status=201)


@routes.get("/merchant/crews/<crew_id:uuid>")
@answers(MyCrewJson, refuses=[NoSuchCrewOfYours])
async def show_crew(request: Request, manager: Manager, crew_id: UUID, keys: Keys) -> HTTPResponse:
    """一个上门小组。"""
    return await _shown(await queries.crew_of(crew_id, manager.merchant.id), keys)


@routes.patch("/merchant/crews/<crew_id:uuid>")
@body(schemas.ChangeCrew)
@answers(MyCrewJson, refuses=[NoSuchCrewOfYours, CrewNamed])
async def change_crew(
    request: Request, manager: Manager, crew_id: UUID, body: schemas.ChangeCrew, keys: Keys
) -> HTTPResponse:
    """改名、停用或恢复一个上门小组；停用时已约的改派或改期，没有空档就取消，并通知居民和小组。"""
    now = clock.now()
    if body.name is not None:
        return await _shown(await crews.rename(crew_id, body.name, manager, at=now), keys)
    if body.closed:
        return await _shown(await crews.close(crew_id, manager, keys, at=now), keys)
    return await _shown(await crews.reopen(crew_id, manager, at=now), keys)


@routes.post("/merchant/crews/<crew_id:uuid>/invitations")
@answers(schemas.InvitationJson, status=201, refuses=[NoSuchCrewOfYours, CrewClosed])
async def invite(request: Request, manager: Manager, crew_id: UUID, keys: Keys) -> HTTPResponse:
    """邀请一个人进小组：邀请码 24 小时内有效，只能用一次，只显示这一次。"""
    invited = await crews.invite(crew_id, manager, keys, at=clock.now())
    return json(schemas.invitation_json(invited), status=201)


@routes.delete("/merchant/crews/<crew_id:uuid>/members/<member_id:uuid>")
@answers(refuses=[NoSuchCrewOfYours, NoSuchMember])
async def dismiss(request: Request, manager: Manager, crew_id: UUID, member_id: UUID) -> HTTPResponse:
    """请一个人退出小组，立即生效。"""
    await crews.dismiss(crew_id, member_id, manager, at=clock.now())
    return empty()


@routes.get("/merchant/crews/<crew_id:uuid>/hours")
@answers(HoursJson, refuses=[NoSuchCrewOfYours])
async def show_hours(request: Request, manager: Manager, crew_id: UUID) -> HTTPResponse:
    """一个小组每周的上门时间：区域、星期几（1 到 7）、几点到几点、每个时段接几单。"""
    crew = await queries.crew_of(crew_id, manager.merchant.id)
    return json(schemas.hours_json(await queries.hours_of(crew.id)))


@routes.put("/merchant/crews/<crew_id:uuid>/hours")
@body(schemas.PutHours)
@answers(schemas.RelaidJson, refuses=[NoSuchCrewOfYours, CrewClosed, HoursOverlap])
async def put_hours(
    request: Request,
    manager: Manager,
    crew_id: UUID,
    body: schemas.PutHours,
    keys: Keys,
    library: Library,
) -> HTTPResponse:
    """换上一整周的上门时间，立即按新的排时段；排不下的预约改到后面最近的空档，没有空档就取消，并通知居民和小组。

    两小时内开始的时段不受影响。
    """
    for span in body.week:
        refuse_unknown_district(library.packs[manager.merchant.region], span.district)
    relaid = await hours.put(crew_id, body.week, manager, keys, at=clock.now())
    return json(schemas.relaid_json(relaid))


@routes.post("/me/crew")
@body(schemas.JoinCrew)
@answers(schemas.JoinedJson, refuses=[InvitationWrong, OtherwiseEmployed])
async def join(
    request: Request, resident: SignedInResident, body: schemas.JoinCrew, keys: Keys
) -> HTTPResponse:
    """凭负责人给的邀请码加入上门小组；已在本企业另一个小组的，换到这一组。"""
    crew = await crews.join(body.code, resident.id, keys, at=clock.now())
    return json(schemas.joined_json(crew))


async def _shown(crew: Crew, keys: Keys) -> HTTPResponse:
    people = await crews.people_of([crew])
    return json(my_crew_json(crew, people[crew.id], keys))
