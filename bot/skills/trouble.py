"""What to try where the mini-program itself does not work: it does not open, no code comes, a page hangs."""

from __future__ import annotations

from bot.replies import Reply, person
from bot.skill import Skill, Turn, says

_OURS = r"(?:小程序|程序|页面|网页|界面|平台|系统|软件|app|微信|链接|按钮|二维码|券码|活动页|首页|抢券|领券)"
_FAILS = (
    r"(?:打不开|进不去|点不开|点不动|点不了|加载不(?:出来?|了|动)|刷不(?:出来?|新)|显示不(?:出来?|了)|白屏|黑屏|闪退"
    r"|卡(?:住|死|顿|了)|一直转|转圈|报错|崩了?|没反应|不动了?|出错|用不了|网络异常|系统异常|繁忙)"
)


async def say_what_to_try(turn: Turn) -> Reply:
    """No document speaks of it: what usually helps, and a person where it does not."""
    turn.memory.unanswered = turn.raw
    code = (
        "登录用的是微信，我们不发短信验证码，要输的验证码是微信发的，别告诉别人。"
        if "码" in turn.text
        else ""
    )
    return Reply(
        f"小程序用起来出的问题，政策文件没有写。{code}可以先换个网络，把小程序关掉重新进，再把微信更新到最新版试试。"
        "还不行就说「转人工」，把页面上的提示告诉工作人员，不影响您按规则领券、用券。",
        "decline",
        suggestions=("转人工", "怎么领券"),
        actions=(person(),),
    )


skill = Skill(
    name="decline",
    wanted=says(
        rf"{_OURS}[^,，。?？]{{0,10}}{_FAILS}|{_FAILS}[^,，。?？]{{0,6}}{_OURS}"
        r"|验证码[^,，。?？]{0,10}(?:收不到|没收到|不来|没来|不对|错误|过期|没有|发不|不发|失败|没反应)"
        r"|(?:收不到|没收到|没有|不来)[^,，。?？]{0,6}验证码"
        r"|(?:登录|登陆|登|注册|进)(?:不上去?|不进去?|不了|失败|不成功)(?!.{0,4}(?:券|活动))"
        r"|^(?:一直|老是|总是|怎么|为什么)?(?:白屏|闪退|转圈|打不开|进不去)",
        unless=r"投诉|人工|冰箱|电视|洗衣机|空调|电脑打不开|门打不开|热水器|退货|坏了",
    ),
    finish=say_what_to_try,
)
