"""What somebody may do with their own account and data, and where in the mini-program they do it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.replies import Reply, sign_in
from bot.skill import Skill, Turn

_MINE = r"(?:我的?|我在这(?:里|儿)的?|自己的?|本人的?|个人的?)"
_ABOUT_ME = r"(?:全部|所有)?(?:个人|身份|隐私)?(?:信息|数据|资料|记录|档案|账号|帐号|账户|对话|聊天)"
_OF_OTHERS = re.compile(r"车|企业|公司|营业|执照|商户|商家|店|登记证|补贴资金|提醒|预约|券")


@dataclass(frozen=True, slots=True)
class Right:
    """One thing a resident may do with what is kept of them: how it is asked for, and how it is done."""

    asked: re.Pattern[str]
    how: str


RIGHTS = (
    Right(
        re.compile(
            rf"注销|销户|(?:删除?|清除|清空|抹掉|去掉)(?:掉|了)?{_MINE}?{_ABOUT_ME}"
            rf"|{_ABOUT_ME}[^,，。]{{0,6}}(?:删除?|清除|清空|抹)(?:掉|了)?"
        ),
        "注销要您本人在小程序里办，我不能代办：登录后打开「我的」，选「注销账号」并确认，当场生效，不能恢复。"
        "注销后，没用的券作废，上门预约取消，个人信息和对话删除；"
        "领过、用过的补贴记录按财政资金的要求保存，但不再写着您是谁。想留一份的话，先在「我的」里导出。",
    ),
    Right(
        re.compile(
            rf"(?:导出|下载|拷贝|备份|打包)(?:一?[份下])?{_MINE}?{_ABOUT_ME}"
            rf"|{_ABOUT_ME}[^,，。]{{0,6}}(?:导出|下载|拷贝|备份|打包)"
        ),
        "登录后打开小程序的「我的」，选「导出我的信息」，就能下载一份文件，里面是这里保存的关于您的全部信息。"
        "要您本人来导，我不在聊天里发。",
    ),
    Right(
        re.compile(
            r"(?:退出|登出)(?:我的?)?(?:登录|登陆|账号|帐号|系统)|(?:怎么|如何|咋)(?:退出|登出)$|踢(?:下线|掉)"
            r"|(?:别的|其他|另一台|另一个|旧|老|以前的?)(?:手机|设备)[^,，。]{0,8}(?:退出|登录|登着|下线)"
            r"|(?:账号|帐号|微信)[^,，。]{0,4}(?:被盗|被别人登)|手机(?:丢了|被偷)"
        ),
        "登录后打开小程序的「我的」，可以退出登录，也可以看到账号在哪些设备上登着。"
        "换了手机，或者担心别人登着您的账号，选「在所有设备上退出」，每台设备就都要重新登录。",
    ),
    Right(
        re.compile(
            rf"(?:谁|哪些人|什么人|有没有人)[^,，。]{{0,6}}(?:看|查)(?:过|了|到|得到)?{_MINE}{_ABOUT_ME}"
            rf"|{_ABOUT_ME}[^,，。]{{0,4}}(?:被谁|给谁|谁(?:能|可以)?)[^,，。]{{0,4}}(?:看|查)"
        ),
        "工作人员平时只看得到遮盖后的信息；要看完整的，必须写明理由，而且都会记下来。"
        "登录后在小程序的「查看记录」里，能看到哪个岗位在什么时间、为什么看过您的信息。",
    ),
    Right(
        re.compile(
            r"隐私(?:政策|协议|说明|条款|声明|权)|(?:收集|保存|采集|拿|要)(?:了|走)?(?:我的?|哪些|什么)+[^,，。]{0,4}信息"
            r"|撤(?:回|销)(?:我的)?(?:同意|授权)"
            rf"|(?:我的?|个人|身份|隐私){_ABOUT_ME}[^,，。]{{0,6}}(?:存|保存|保留|留)(?:了|放|储)?(?:多久|多长|几年|几天|到什么时候)|(?:我的?|个人|身份|隐私)的?{_ABOUT_ME}[^,，。]{{0,4}}(?:泄[露漏]|安全吗|外传)"
        ),
        "隐私说明在小程序里随时能看：收哪些信息、做什么用、存多久、谁能看到，都写着。"
        "手机号、姓名和身份证号由您决定给不给，只有领券才要实名；不给也能查政策、提问。"
        "不同意可以不登录；同意过又想收回的，在「我的」里关掉提醒，或者注销账号。",
    ),
)


def _right(text: str) -> Right | None:
    if _OF_OTHERS.search(text):
        return None
    return next((right for right in RIGHTS if right.asked.search(text)), None)


async def explain(turn: Turn) -> Reply:
    """How it is done; only the person can do it, signed in."""
    right = _right(turn.text)
    if right is None:
        return turn.policy.decline(turn.region)
    return Reply(right.how, "answer", actions=() if turn.caller.id else (sign_in(),))


skill = Skill(name="answer", wanted=lambda turn: _right(turn.text) is not None, finish=explain)
