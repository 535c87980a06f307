"""What `huanxin staff` does: each takes the options, the keys and the time, and returns what to print."""

import argparse
import sys
from datetime import datetime

from miniapi.keys import Keys
from miniapi.staff import accounts, queries
from miniapi.staff.accounts import Handed, address_for_authenticator
from miniapi.staff.models import StaffRole

ROLES = {
    StaffRole.BUREAU: "商务局：安排发券",
    StaffRole.REVIEWER: "审核商户、凭证和申领",
    StaffRole.FINANCE: "结算和付款",
    StaffRole.AUDITOR: "审计：只看不办",
    StaffRole.SUPPORT: "客服：帮助居民",
}


def describe(parser: argparse.ArgumentParser) -> None:
    """The commands, their options, and which function each runs (`options.act`)."""
    commands = parser.add_subparsers(required=True, metavar="命令")

    def command(name: str, act: object, about: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=about, description=about)
        added.set_defaults(act=act)
        return added

    adding = command("add", add, "建立账号，并显示一次密码和动态口令密钥")
    adding.add_argument("username", metavar="USERNAME")
    roles = "；".join(f"{role} {meaning}" for role, meaning in ROLES.items())
    adding.add_argument(
        "--role", action="append", required=True, choices=[role.value for role in StaffRole], help=roles
    )
    adding.add_argument("--password-stdin", action="store_true", help="从标准输入读取密码，不另外生成")
    command("list", show, "列出所有账号")
    command("disable", disable, "停用账号，并让它在所有设备上退出").add_argument(
        "username", metavar="USERNAME"
    )
    resetting = command("reset", reset, "重设密码和动态口令（可以只选其一），解除锁定")
    resetting.add_argument("username", metavar="USERNAME")
    resetting.add_argument("--password", action="store_true", help="只重设密码")
    resetting.add_argument("--totp", action="store_true", help="只重设动态口令")


async def add(options: argparse.Namespace, keys: Keys, at: datetime) -> str:
    """Make an account."""
    roles = [StaffRole(role) for role in options.role]
    password = sys.stdin.readline().rstrip("\r\n") if options.password_stdin else None
    handed = await accounts.add(options.username, roles, keys, password=password, at=at)
    shown = Handed(None if options.password_stdin else handed.password, handed.totp_secret)
    return "\n".join(
        [f"已建立账号 {options.username}（{'、'.join(roles)}）", *_lines(options.username, shown)]
    )


async def show(options: argparse.Namespace, keys: Keys, at: datetime) -> str:
    """All accounts, one line each: name, roles, state."""
    states = {"disabled": "停用", "locked": "锁定中", "demo": "演示"}
    lines = []
    for account in await queries.everybody():
        said = [word for state, word in states.items() if account[state]]
        lines.append("\t".join([account["username"], "、".join(account["roles"]), *said]))
    return "\n".join(lines) or "还没有账号，用 huanxin staff add 建立"


async def disable(options: argparse.Namespace, keys: Keys, at: datetime) -> str:
    """Let somebody in no more."""
    await accounts.disable(options.username, at=at)
    return f"已停用账号 {options.username}，它在所有设备上已退出"


async def reset(options: argparse.Namespace, keys: Keys, at: datetime) -> str:
    """A new password, a new second factor, or both; who was disabled is let in again."""
    both = options.password == options.totp
    handed = await accounts.reset(
        options.username, keys, password=options.password or both, totp=options.totp or both, at=at
    )
    return "\n".join([f"已重设账号 {options.username}，它可以登录", *_lines(options.username, handed)])


def _lines(username: str, handed: Handed) -> list[str]:
    lines = []
    if handed.password:
        lines.append(f"  密码（只显示这一次）  {handed.password}")
    if handed.totp_secret:
        lines.append(f"  动态口令密钥（只显示这一次，录入手机上的身份验证器）  {handed.totp_secret}")
        lines.append(f"  {address_for_authenticator(username, handed.totp_secret)}")
    return lines
