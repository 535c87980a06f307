"""Ways into the mini-program from outside: a picture to scan, an address to open."""

import hashlib
import io
import re
import secrets
from collections.abc import Mapping
from typing import Any

from PIL import Image

from miniapi import clock
from miniapi.sandbox.context import Sandbox
from miniapi.sandbox.refusals import Refused

SCENE = re.compile(r"[0-9A-Za-z!#$&'()*+,/:;=?@\-._~]{1,32}")
PAGE = re.compile(r"pages(?:/[A-Za-z0-9_-]+){1,3}")
VERSIONS = ("release", "trial", "develop")
LONGEST_QUERY = 1024
DAYS = 30  # that a link may last
SQUARES = 29  # in a row of the picture

Values = Mapping[str, Any]


async def mini_code(_sandbox: Sandbox, asked: Values) -> bytes:
    """A picture that leads to a page; the sandbox's is told by its pattern alone, no phone reads it."""
    scene, width = asked.get("scene"), asked.get("width", 430)
    if not isinstance(scene, str) or not SCENE.fullmatch(scene):
        raise Refused(40169)
    if asked.get("env_version", "release") not in VERSIONS:
        raise Refused(40097)
    if not isinstance(width, int) or not 280 <= width <= 1280:
        raise Refused(40097)
    page = asked.get("page", "pages/index/index")
    if asked.get("check_path", True) and (not isinstance(page, str) or not PAGE.fullmatch(page)):
        raise Refused(41030)
    return _picture(f"{page}?{scene}", width)


async def url_link(_sandbox: Sandbox, asked: Values) -> Values:
    """An address that opens a page, for thirty days at most."""
    path, query = asked.get("path", ""), asked.get("query", "")
    if path and (not isinstance(path, str) or not PAGE.fullmatch(path)):
        raise Refused(40165)
    if not isinstance(query, str) or len(query) > LONGEST_QUERY:
        raise Refused(40212)
    if asked.get("env_version", "release") not in VERSIONS:
        raise Refused(85402)
    by_days = asked.get("expire_type", 0) == 1
    lasts = asked.get("expire_interval", 0) if by_days else _days_until(asked.get("expire_time"))
    if not isinstance(lasts, int | float) or not 0 < lasts <= DAYS:
        raise Refused(85401)
    return {"errcode": 0, "errmsg": "ok", "url_link": f"https://wxaurl.cn/{secrets.token_hex(6)}"}


def _days_until(moment: Any) -> float:
    return (moment - clock.now().timestamp()) / 86400 if isinstance(moment, int) else 0


def _picture(means: str, width: int) -> bytes:
    digest = hashlib.shake_256(means.encode()).digest(SQUARES * SQUARES)
    small = Image.frombytes("L", (SQUARES, SQUARES), bytes(255 * (byte & 1) for byte in digest))
    written = io.BytesIO()
    small.resize((width, width), Image.Resampling.NEAREST).save(written, "JPEG")
    return written.getvalue()
