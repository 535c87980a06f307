"""The check of what people write: three words of the sandbox decide what WeChat would say."""

import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from miniapi import clock
from miniapi.sandbox.context import Sandbox
from miniapi.sandbox.refusals import Refused

LONGEST = 2500  # characters
USED_WITHIN = timedelta(hours=2)  # whoever did not use the mini-program since then is not checked
JUDGED = {"赌博": ("risky", 20006), "诈骗": ("risky", 20008), "代开发票": ("review", 10001)}

Values = Mapping[str, Any]


async def check(sandbox: Sandbox, asked: Values) -> Values:
    """Whether a text passes, wants a look, or is refused."""
    content, openid = asked.get("content"), asked.get("openid")
    if asked.get("version") != 2 or not isinstance(content, str):
        raise Refused(40097)
    if not content:
        raise Refused(44002)
    if len(content) > LONGEST:
        raise Refused(40097)
    if asked.get("scene") not in (1, 2, 3, 4):
        raise Refused(40129)
    if openid not in sandbox.state.users:
        raise Refused(40003)
    active = sandbox.state.active_at.get(str(openid))
    if active is None or clock.now() - active >= USED_WITHIN:
        raise Refused(61010)
    suggest, label = next((said for word, said in JUDGED.items() if word in content), ("pass", 100))
    result = {"suggest": suggest, "label": label}
    return {
        "errcode": 0,
        "errmsg": "ok",
        "trace_id": secrets.token_hex(16),
        "result": result,
        "detail": [{"strategy": "content_model", "errcode": 0, **result, "prob": 90}],
    }
