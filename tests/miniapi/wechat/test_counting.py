import contextlib

import pytest

from miniapi.wechat.errors import WeChatCodeInvalid, WeChatUnavailable
from tests.miniapi.test_metrics import shown

PATH = "/sns/jscode2session"


def calls():
    found = shown()
    return {
        outcome: found.get(("huanxin_wechat_calls_total", outcome, PATH), 0)
        for outcome in ("ok", "refused", "unreachable")
    }


@pytest.mark.parametrize(
    ("fault", "code", "outcome", "well"),
    [
        (None, "good", "ok", True),
        (None, "no-such-code", "refused", True),
        ("error", "good", "unreachable", False),
        ("truncate", "good", "unreachable", False),
    ],
)
async def test_every_call_is_counted_and_tells_how_wechat_is(wechat, sandbox, fault, code, outcome, well):
    before = calls()
    code = await sandbox.login_code() if code == "good" else code
    if fault:
        await sandbox.fault(PATH, fault)

    with contextlib.suppress(WeChatCodeInvalid, WeChatUnavailable):
        await wechat.session_for(code)

    assert calls() == {**before, outcome: before[outcome] + 1}
    assert wechat.is_well is well
