"""What `huanxin keys` does: which key seals what, a new key, everything sealed anew with it."""

import argparse
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

import asyncpg
from tortoise.transactions import in_transaction

from miniapi.audit.actions import record
from miniapi.database import presence
from miniapi.keys import Keys
from miniapi.operation import secrets
from miniapi.operation.on_record import OPERATOR
from miniapi.privacy import resealing
from miniapi.privacy.resealing import WITHOUT_ID, Progress
from miniapi.settings import Settings

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
        with _kept_file(), secrets.put_first(asked.settings.home) as keys:
            before, after = {"ids": list(keys.ids[1:])}, {"ids": list(keys.ids)}
            await record(OPERATOR, "keys.rotated", KEYS, at=asked.at, before=before, after=after)
    return f"新密钥 {keys.id} 已放在最前，请另外保管一份。请重启焕新，然后运行 huanxin keys reseal"


async def reseal(asked: Asked) -> str:
    """Everything sealed with the first key; with `--drop-old` the others go where nothing needs them.

    Raises KeysRefused while a process runs that cannot open what the first key seals, or that seals with
    another one, and where something cannot be opened.
    """
    keys = asked.keys
    named = {"application_name": presence.name_of(keys.ids)}
    connection = await asyncpg.connect(asked.database_url, server_settings=named)
    try:
        asked.progress("正在确认每个进程都有新密钥")
        within = presence.BACK_WITHIN if len(keys.ids) > 1 else 0
        if await presence.found(connection, lambda ids: keys.id not in ids, within=within):
            raise KeysRefused("焕新还在用更换密钥之前的设置运行，请先重启它，再重新加密")
        done = await resealing.reseal(connection, keys, asked.progress)
        async with in_transaction():
            told = {"id": keys.id, "rows": done.rows, "closed": len(done.closed)}
            await record(OPERATOR, "keys.resealed", KEYS, at=asked.at, after=told)
        if done.closed:
            raise KeysRefused(f"有内容无法解密，没有改动它们：{'；'.join(done.closed)}")
        said = f"已重新加密 {done.rows} 处，现在全部由 {keys.id} 加密"
        if len(keys.ids) == 1:
            return said
        return f"{said}。{await _drop_old(connection, asked)}（旧密钥请随旧备份另外保管）"
    finally:
        await connection.close()


async def _drop_old(connection: asyncpg.Connection, asked: Asked) -> str:
    asked.progress("正在确认没有进程还用旧密钥加密")
    if others := await presence.found(
        connection, lambda ids: ids[0] != asked.keys.id, within=presence.REPLACED_WITHIN
    ):
        sealing = "、".join(sorted({ids[0] for ids in others}))
        raise KeysRefused(f"还有进程用 {sealing} 加密，不能去掉旧密钥：请用新设置重启每个进程，再运行一次")
    if set(await resealing.rows_by_key(connection)) - {asked.keys.id}:
        raise KeysRefused("有内容刚刚又用旧密钥加密：请确认每个进程都已用新设置重启，再运行一次")
    old = "、".join(asked.keys.ids[1:])
    if asked.settings.secret_key is not None:
        return f"可以从 HUANXIN_SECRET_KEY 里去掉旧密钥 {old}，只留第一个，并逐台重启"
    if not asked.options.drop_old:
        return f"旧密钥 {old} 不再需要，可以用 huanxin keys reseal --drop-old 去掉"
    async with in_transaction():
        with _kept_file(), secrets.keep_only(asked.settings.home, asked.keys.id) as kept:
            before, after = {"ids": list(kept.ids)}, {"ids": [kept.id]}
            await record(OPERATOR, "keys.dropped", KEYS, at=asked.at, before=before, after=after)
    return f"旧密钥 {old} 已去掉"


@contextmanager
def _kept_file() -> Iterator[None]:
    """Where the file cannot be replaced, or was meanwhile, the event is taken back. Raises KeysRefused."""
    try:
        yield
    except secrets.FirstChanged:
        raise KeysRefused("密钥文件刚刚又更换过，没有去掉任何密钥，请重启焕新后再运行一次") from None
    except (ConnectionError, TimeoutError):
        raise  # the database's, not the disk's
    except OSError as problem:
        raise KeysRefused(f"无法写出密钥文件（{os.strerror(problem.errno or 0)}），密钥没有更换") from None


def _line(one: str, rows: int, known: Sequence[str]) -> str:
    name = "没有编号（早先的格式）" if one == WITHOUT_ID else one
    missing = "" if one in (WITHOUT_ID, *known) else "，这里没有这个密钥！"
    return f"  {name}：{rows} 处{missing}"
