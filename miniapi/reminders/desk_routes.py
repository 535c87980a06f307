"""What became of messages, over HTTP for the staff: every outcome, and nobody's name."""

from sanic import Blueprint, Request
from sanic.response import HTTPResponse

from miniapi.http.answers import Listed, json, page_json
from miniapi.http.described import answers
from miniapi.http.paging import page_of
from miniapi.http.requests import query
from miniapi.reminders import desk_schemas, queries
from miniapi.reminders.desk_schemas import StaffNoticeJson, staff_notice_json
from miniapi.staff.callers import NoticeReader

routes = Blueprint("notices", url_prefix="/staff")


@routes.get("/notices")
@query(desk_schemas.Wanted)
@answers(Listed[StaffNoticeJson])
async def list_notices(request: Request, staff: NoticeReader, query: desk_schemas.Wanted) -> HTTPResponse:
    """按种类、状态或结果查通知，最近的在前；不含收信人的信息。"""
    found = queries.notices(kind=query.kind, state=query.state, outcome=query.outcome, subject=query.subject)
    notices, next_cursor = await page_of(found, query, by="-id")
    return json(page_json(notices, next_cursor, staff_notice_json))
