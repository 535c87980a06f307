"""Points where old things are handed in."""

from collections.abc import Sequence
from typing import Any

from miniapi.merchants import hours
from miniapi.merchants.models import Point, PointHours

A_TABLE_OF_POINTS = """名称,区域,地址,纬度,经度,类型,品类,开放时间,电话
示例东街回收点,杨陵区,示例东街 1 号,34.2721,108.0845,社区回收点,冰箱、洗衣机,每天 08:00-18:00,
示例西街门店,杨陵区,示例西街 2 号,34.2800,108.0700,门店,全部,周一至周五 09:00-17:00,029-0000000
""".encode()


async def a_point(name: str, *, open_at: str = "", categories: Sequence[str] = (), **more: Any) -> Point:
    """A point in Yangling unless told otherwise; `open_at` as people write it."""
    known = {"region": "yangling", "address": "示例路 1 号", "lat": 34.27, "lon": 108.08, "demo": True}
    point = await Point.create(name=name, categories=list(categories), **(known | more))
    for one in hours.read(open_at):
        await PointHours.create(point=point, weekday=one.weekday, begins=one.begins, ends=one.ends)
    return point
