"""What `huanxin keys` does: which key seals what, a new key, everything sealed anew with it."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import asyncpg
from tortoise.transactions import in_transaction

from miniapi.audit.actions import record
from miniapi.keys import Keys
from miniapi.operation import secrets
from miniapi.privacy import resealing
from miniapi.privacy.resealing import WITHOUT_ID, Progress
from miniapi.settings import Settings

OPERATOR = "operator:cli"
KEYS = "installation:keys"
BY_HAND = (
    "密钥由 HUANXIN_SECRET_KEY 设定，请在每台机器上手工更换：先设为“旧,新”并逐台重启，"
    "再设为“新,旧”并逐台重启，然后运行 huanxin keys reseal，最后只留“新”"
    "（新密钥可用 openssl rand -base64 48 生成）"
)


class KeysRefused(Exception):
    """The keys stay as they are; the message is the one line that says why."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a command works with."""

    options: argparse.Namespace
    settings: Settings
    keys: Keys
    database_url: str
    at: datetime
    progress: Progress


def describe(parser: argparse.ArgumentParser) -> None:
    """The commands, their options, and which function each runs (`options.act`)."""
    commands = parser.add_subparsers(required=True, metavar="命令")
    for name, act, about in (
        ("show", show, "列出密钥的编号，以及各加密了多少内容（不显示密钥本身）"),
        ("rotate", rotate, "生成新密钥，放在最前：重启后用它加密，旧的仍能解密"),
        ("reseal", reseal, "把旧密钥加密的内容换成用新密钥加密，运行中也可以，中断后可以接着做"),
    ):
        added = commands.add_parser(name, help=about, description=about)
        added.set_defaults(act=act)
        if act is reseal:
            added.add_argument(
                "--drop-old", action="store_true", help="做完后，从 HUANXIN_HOME 的密钥文件里去掉旧密钥"
            )


async def show(asked: Asked) -> str:
    """The ids of the keys, the sealing one first, and how much is sealed with which."""
    connection = await asyncpg.connect(asked.database_url)
    try:
        rows = await resealing.rows_by_key(connection)
    finally:
        await connection.close()
    lines = [f"密钥（第一个用来加密，全部都能解密）：{'、'.join(asked.keys.ids)}"]
    lines += [_line(one, rows[one], asked.keys.ids) for one in sorted(rows)]
    return "\n".join(lines)


async def rotate(asked: Asked) -> str:
    """A new key before the kept ones. Raises KeysRefused where the keys are not ours to keep."""
    if asked.settings.secret_key is not None:
        raise KeysRefused(BY_HAND)
    async with in_transaction():
        ids = secrets.put_first(asked.settings.home).ids
        await record(
            OPERATOR,
            "keys.rotated",
            KEYS,
            at=asked.at,
            before={"ids": list(asked.keys.ids)},
            after={"ids": list(ids)},
        )
    return f"新密钥 {ids[0]} 已放在最前，请另外保管一份。请重启焕新，然后运行 huanxin keys reseal"


async def reseal(asked: Asked) -> str:
    """Everything sealed with the first key; with `--drop-old` the others go where nothing needs them.

    Raises KeysRefused while a service runs that does not know the first key, and where something cannot be
    opened.
    """
    settings, keys = asked.settings, asked.keys
    connection = await asyncpg.connect(asked.database_url)
    try:
        if settings.secret_key is None:
            changed = secrets.kept_file(settings.home).stat().st_mtime
            if await resealing.connected_before(connection, datetime.fromtimestamp(changed, UTC)):
                raise KeysRefused("焕新还在用更换密钥之前的设置运行，请先重启它，再重新加密")
        done = await resealing.reseal(connection, keys, asked.progress)
        left = {one for one in await resealing.rows_by_key(connection) if one != keys.id}
    finally:
        await connection.close()
    async with in_transaction():
        told = {"id": keys.id, "rows": done.rows, "closed": len(done.closed)}
        await record(OPERATOR, "keys.resealed", KEYS, at=asked.at, after=told)
    if done.closed:
        raise KeysRefused(f"有内容无法解密，没有改动它们：{'；'.join(done.closed)}")
    if left:
        raise KeysRefused("有内容刚刚又用旧密钥加密：请确认每个进程都已用新设置重启，再运行一次")
    said = f"已重新加密 {done.rows} 处，现在全部由 {keys.id} 加密"
    if len(keys.ids) == 1:
        return said
    return f"{said}。{await _drop_old(asked)}（旧密钥请随旧备份另外保管）"


async def _drop_old(asked: Asked) -> str:
    old = "、".join(asked.keys.ids[1:])
    if asked.settings.secret_key is not None:
        return f"可以从 HUANXIN_SECRET_KEY 里去掉旧密钥 {old}，只留第一个，并逐台重启"
    if not asked.options.drop_old:
        return f"旧密钥 {old} 不再需要，可以用 huanxin keys reseal --drop-old 去掉"
    async with in_transaction():
        if not secrets.keep_only(asked.settings.home, asked.keys.id):
            raise KeysRefused("密钥文件刚刚又更换过，没有去掉任何密钥，请重启焕新后再运行一次")
        before, after = {"ids": list(asked.keys.ids)}, {"ids": [asked.keys.id]}
        await record(OPERATOR, "keys.dropped", KEYS, at=asked.at, before=before, after=after)
    return f"旧密钥 {old} 已去掉"


def _line(one: str, rows: int, known: Sequence[str]) -> str:
    name = "没有编号（早先的格式）" if one == WITHOUT_ID else one
    missing = "" if one in (WITHOUT_ID, *known) else "，这里没有这个密钥！"
    return f"  {name}：{rows} 处{missing}"
