"""What somebody has: vouchers, when they lapse, how much subsidy is left."""

from __future__ import annotations

from bot import wording
from bot.ports import VoucherSeen
from bot.replies import Action, Reply
from bot.skill import Skill, Turn, says

MOST_SHOWN = 6
STATES = {"redeemed": "已用", "expired": "已过期", "void": "已作废"}


async def wallet(turn: Turn) -> Reply:
    """The usable vouchers first, then how many are spent."""
    seen = await turn.city.wallet(turn.caller)
    usable = [voucher for voucher in seen.vouchers if voucher.state == "issued"]
    room = f"您的补贴额度还剩 {wording.money(seen.room_fen)}。"
    if not seen.vouchers:
        return Reply(
            f"您的卡包里还没有券。{room}",
            "wallet",
            suggestions=("下一场什么时候抢",),
            actions=(Action("drop", "看发券场次"),),
        )
    lines = [f"您有 {len(usable)} 张能用的券。" if usable else "您现在没有能用的券。"]
    lines += [_line(voucher) for voucher in sorted(usable, key=lambda one: one.valid_until)[:MOST_SHOWN]]
    spent = [
        f"{name} {count} 张"
        for state, name in STATES.items()
        if (count := sum(one.state == state for one in seen.vouchers))
    ]
    if spent:
        lines.append(f"另有：{'，'.join(spent)}。")
    lines.append(room)
    return Reply(
        "\n".join(lines),
        "wallet",
        actions=tuple(Action("voucher", f"券 {one.code}", one.id) for one in usable[:MOST_SHOWN]),
    )


def _line(voucher: VoucherSeen) -> str:
    until = wording.last_moment(voucher.valid_until)
    return f"· 券 {voucher.code}：最多抵 {wording.money(voucher.max_fen)}，用到 {until}"


skill = Skill(
    name="wallet",
    wanted=says(
        r"钱包|卡包|券包|^(?:我的)?券(?:在哪|去哪|怎么)[儿里]?(?:看|查|找)[呢啊]?[?？]?$|查(?:一下|询)?(?:补贴)?额度|券[^?？]{0,10}我(?:那|这)张|查[^,，。]{0,3}(?:领|抢)(?:了|到)?没|^我?有(?:没有)?券[吗么没]|我嘅(?:消费"
        r"|优惠)?券|我的?(?:那张|这张|消费|优惠|补贴|家电|以旧换新|领的|抢的|抢到的"
        r"|领到的)?券(?:在|呢|去|放|快|要|还|有|是|到|什么|啥|哪|怎么(?:不见|没|看|查|找)"
        r"|状态|列表|里|都|$|[?？])|我的券"
        r"|我.{0,4}(?:领|抢)(?:了|到|过)(?:的)?(?:哪些|几张|多少|什么).{0,4}券?"
        r"|我.{0,6}(?:还)?有(?:没有|几张|多少|哪些).{0,6}券"
        r"|(?:查|看|打开|找|显示)(?:一?下|看|询)?.{0,8}我.{0,8}券|我.{0,8}额度"
        r"|额度.{0,3}(?:还)?剩|我.{0,4}还(?:能|可以)(?:补|领|享受)多少"
        r"|我.{0,4}(?:领|抢)到?的.{0,4}券.{0,4}(?:放|在|去|存|哪)|(?:帮|给|替)我(?:查|看).{0,8}券"
        r"|我(?:名下|这里|现在|自己)*的?.{0,3}(?:还有?|剩|用了?|领了?|享受了?)(?:下|掉|过|到|了)*多少.{0,2}补贴"
        r"|我(?:自己)?的?补贴.{0,3}(?:用|剩|花|领)(?:了|掉|过|下)*(?:多少|几)"
        r"|^我(?:到底|有没有|是不是)?(?:抢|领)(?:到|上)(?:了|券|没有)*(?:吗|没|么)?[?？]?$|(?:查|看)(?:一?下|看|询)?.{0,3}余额"
        r"|余额.{0,3}(?:查|多少|还有|剩)"
        r"|券.{0,3}(?:到哪(?:儿|里)?去了|哪(?:儿|里)?去了|去哪(?:儿|里)?了)|券.{0,5}(?:不见|丢了|消失|找不到|看不到|看不见)"
        r"|领到的券.{0,4}(?:在|哪)|抢到的券.{0,4}(?:在|哪)|券.{0,3}领(?:到|了).{0,3}(?:在哪|去哪|哪里)",
        unless=r"满了|退了?货|几天内|给.{1,3}(?:买|用)|一个人|每个?人|提醒我|投诉",
    ),
    finish=wallet,
    needs_sign_in="看您的券和补贴额度要先登录。登录后就能在卡包（钱包）里看到，哪张快过期也会标出来。",
)
