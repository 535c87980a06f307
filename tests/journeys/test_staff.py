"""The staff of the demo city and of a real one, on the running service."""

import re

import pyotp

SIGN_IN = re.compile(r"  管理  账号 bureau，密码 (\S+)")


async def signs_in(city, username, password, **more):
    """Status of a sign-in of the staff; the city then speaks as this person."""
    city.token = None
    status, answer = await city.call("POST", "/staff/login", username=username, password=password, **more)
    city.token = answer.get("token")
    return status


async def test_the_demos_bureau_signs_in_with_the_password_that_up_prints(house):
    async with house.up("--as-of", "2024-09-01T09:58:00+08:00") as city:
        printed = SIGN_IN.search("".join(house.said))
        assert printed
        assert await signs_in(city, "bureau", printed[1]) == 200
        assert (await city.get("/staff/me"))["roles"] == ["bureau"]
        kept = house.home / "demo_password"
        assert (kept.read_text(), kept.stat().st_mode & 0o777) == (printed[1], 0o600)

        status, added, _ = await house.command("staff", "add", "zhang", "--role", "auditor")
        assert status == 0
        password = re.search(r"密码（只显示这一次）  (\S+)", added)[1]
        secret = re.search(r"secret=(\w+)", added)[1]
        assert await signs_in(city, "zhang", password) == 401
        assert await signs_in(city, "zhang", password, totp=pyotp.TOTP(secret).now()) == 200
        events = (await city.get("/staff/audit"))["items"]
        assert [event["action"] for event in events[:3]] == ["staff.sign_in", "staff.add", "staff.sign_in"]

    house.said.clear()
    house.more = {"HUANXIN_DEMO_PASSWORD": "a password of ours"}
    async with house.up() as city:
        assert "密码 见 HUANXIN_DEMO_PASSWORD" in "".join(house.said)
        assert "a password of ours" not in "".join(house.said)
        assert await signs_in(city, "bureau", printed[1]) == 401
        assert await signs_in(city, "finance", "a password of ours") == 200
    assert (await house.command("audit"))[1] == "audit: 0 differences\n"
