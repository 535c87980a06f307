import contextlib

import pytest

from miniapi.wechat.errors import WeChatCodeInvalid, WeChatUnavailable
from tests.miniapi.test_metrics import shown

PATH = "/sns/jscode2session"


def calls():
    """How often each outcome with its code was counted."""
    found = shown()
    counted = (key for key in found if key[0] == "huanxin_wechat_calls_total" and key[-1] == PATH)
    return {
        (outcome, errcode): found[name, errcode, outcome, path] for name, errcode, outcome, path in counted
    }


@pytest.mark.parametrize(
    ("fault", "code", "counted", "well"),
    [
        (None, "good", ("ok", "0"), True),
        (None, "no-such-code", ("refused", "40029"), True),
        ({"mode": "errcode", "errcode": 40164}, "good", ("refused", "40164"), False),
        ({"mode": "errcode", "errcode": 7777777}, "good", ("refused", "other"), True),
        ({"mode": "error"}, "good", ("unreachable", ""), False),
        ({"mode": "truncate"}, "good", ("unreachable", ""), False),
    ],
)
async def test_every_call_is_counted_and_tells_how_wechat_is(wechat, sandbox, fault, code, counted, well):
    before = calls()
    code = await sandbox.login_code() if code == "good" else code
    if fault:
        await sandbox.fault(PATH, **fault)

    with contextlib.suppress(WeChatCodeInvalid, WeChatUnavailable):
        await wechat.session_for(code)

    assert calls() == {**before, counted: before.get(counted, 0) + 1}
    assert wechat.is_well is well
