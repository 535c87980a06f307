"""The prices of a recycler over HTTP, as the spreadsheet it keeps."""

from sanic import Blueprint, Request
from sanic.response import HTTPResponse, text

from faq.packs import Library
from miniapi import clock
from miniapi.http.answers import json
from miniapi.http.described import answers
from miniapi.http.files import Csv, file
from miniapi.merchants import price_files, pricing
from miniapi.merchants import price_schemas as schemas
from miniapi.merchants.callers import Manager, Recycler
from miniapi.merchants.errors import PricesWrong
from miniapi.sheets import SheetUnreadable

routes = Blueprint("prices", url_prefix="/merchant")


@routes.get("/prices")
@answers(str, content_type="text/csv")
async def show_prices(request: Request, recycler: Recycler, library: Library) -> HTTPResponse:
    """本企业现在的旧货价目表（CSV），可以改好再提交。"""
    prices = await pricing.of_recycler(recycler.merchant, at=clock.now())
    rows = prices.rows.values() if prices else ()
    return text(price_files.written(rows, library.categories), content_type="text/csv; charset=utf-8")


@routes.put("/prices")
@file(Csv)
@answers(schemas.PricesJson, refuses=[SheetUnreadable, PricesWrong])
async def publish_prices(
    request: Request, manager: Manager, library: Library, content: bytes
) -> HTTPResponse:
    """换上一张新的旧货价目表（CSV，UTF-8 或 GBK），立即生效；有一行有误就整张不换。

    列：品类 `category`、大小 `size`（小、中、大）、年数起 `from_years`、年数不满 `under_years`、
    能否使用 `works`（能用、不能用）、最低价 `low_yuan`、最高价 `high_yuan`（元）、说明 `note`。
    大小、年数和能否使用可以空着，表示都算；两行不能说同一种旧货。
    """
    prices = await pricing.publish(content, library.categories, manager, at=clock.now())
    return json(schemas.prices_json(prices))
