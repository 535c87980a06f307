"""Whether this machine and the home's folder can carry Huanxin. Changes nothing."""

import contextlib
import ctypes
import locale
import os
import platform
import resource
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from miniapi import listening
from miniapi.database.embedded import BINARIES
from miniapi.operation.findings import Finding, bad, doubtful, good

MB, GB = 1_000_000, 1_000_000_000
LEAST_DISK, SMALL_DISK = 500 * MB, 5 * GB
LEAST_INODES = 10_000
LEAST_FILES, FEW_FILES = 1024, 8192
LEAST_MEMORY, SMALL_MEMORY = 512 * MB, 1 * GB
CLOCK_NOT_SYNCHRONISED = 5  # TIME_ERROR, of adjtimex(2)
HOW_MUCH_MEMORY = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


def looked_at() -> Iterator[Finding]:
    """What is so whatever the settings say."""
    yield good("Python", platform.python_version())
    library, number = platform.libc_ver()
    if library == "glibc":
        yield good("系统库", f"glibc {number}")
    else:
        yield bad("系统库", "不是 glibc，内嵌数据库和几个依赖无法运行：请换用 Debian、Ubuntu 等发行版")
    yield _locale()
    yield open_files(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    yield memory(_memory())
    yield _synchronised()


def home(folder: Path) -> Iterator[Finding]:
    """Whether the home's folder can be written, and has room."""
    there = next(one for one in (folder, *folder.parents) if one.exists())
    if not there.is_dir() or not os.access(there, os.R_OK | os.W_OK | os.X_OK):
        yield bad("数据文件夹", f"{there} 不能写入：请改变它的权限，或换一个 HUANXIN_HOME")
        return
    if there == folder and os.geteuid() not in (0, folder.stat().st_uid):
        yield bad("数据文件夹", f"{folder} 属于另一个用户：请用那个用户运行，或换一个 HUANXIN_HOME")
        return
    yield good("数据文件夹", f"{folder}" + ("" if there == folder else "（还没有，启动时会建立）"))
    room = os.statvfs(there)
    yield disk(room.f_bavail * room.f_frsize)
    if room.f_files:  # some file systems have no such limit
        yield inodes(room.f_favail)


def embedded_binaries() -> Finding:
    """Whether the embedded PostgreSQL's programs run here at all."""
    subject = "内嵌数据库"
    try:
        done = subprocess.run(  # noqa: S603  our own binary
            [BINARIES / "postgres", "--version"],
            capture_output=True,
            text=True,
            check=True,
            env={"LC_ALL": "C"},
        )
    except (OSError, subprocess.CalledProcessError) as problem:
        return bad(subject, f"程序不能运行（{problem}）：请重新安装，或设置 HUANXIN_DATABASE_URL")
    if os.geteuid() == 0 and not shutil.which("setpriv"):
        return bad(subject, "以 root 运行需要 setpriv：请安装 util-linux，或换普通用户运行")
    return good(subject, done.stdout.strip())


def can_listen(host: str, port: int) -> OSError | None:
    """What stands in the way of listening there; None where nothing does."""
    try:
        listening.opened(host, port).close()
    except OSError as problem:
        return problem
    return None


def disk(free: int) -> Finding:
    """Free bytes where the home is."""
    words = f"还有 {free / GB:.1f} GB"
    if free < LEAST_DISK:
        return bad("磁盘空间", f"{words}，数据库会停止写入：请腾出空间，或换一个 HUANXIN_HOME")
    return doubtful("磁盘空间", f"{words}，请尽快扩容") if free < SMALL_DISK else good("磁盘空间", words)


def inodes(free: int) -> Finding:
    """Files that can still be made where the home is."""
    if free < LEAST_INODES:
        return bad("磁盘文件数", f"只能再建 {free} 个文件：请删除不用的小文件")
    return good("磁盘文件数", f"还能建 {free} 个文件")


def open_files(most: int) -> Finding:
    """Files and connections that one process may have open."""
    most = most if most != resource.RLIM_INFINITY else 1 << 30
    words = f"每个进程最多 {most} 个"
    advice = "开场时连接会被拒绝：请设置 LimitNOFILE=65536（systemd）或 ulimit -n 65536"
    if most < LEAST_FILES:
        return bad("打开的文件数", f"{words}，{advice}")
    return doubtful("打开的文件数", f"{words}，{advice}") if most < FEW_FILES else good("打开的文件数", words)


def memory(total: int) -> Finding:
    """Bytes of memory that there are for us."""
    words = f"{total / GB:.1f} GB"
    if total < LEAST_MEMORY:
        return bad("内存", f"{words}，不够运行：至少要 {SMALL_MEMORY / GB:.0f} GB")
    if total < SMALL_MEMORY:
        return doubtful("内存", f"{words}，偏少：请减少 HUANXIN_WORKERS 或加内存")
    return good("内存", words)


def _locale() -> Finding:
    before = locale.setlocale(locale.LC_ALL)
    try:
        locale.setlocale(locale.LC_ALL, "")
    except locale.Error:
        return doubtful("语言环境", "LANG 或 LC_ALL 写的语言环境没有安装；焕新不依赖它，可以运行")
    finally:
        locale.setlocale(locale.LC_ALL, before)
    return good("语言环境", "可用")


def _memory() -> int:
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    for limit in HOW_MUCH_MEMORY:
        with contextlib.suppress(OSError, ValueError):
            total = min(total, int(limit.read_text()))
    return total


def _synchronised() -> Finding:
    """What the kernel knows of it; asking changes nothing."""
    state = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(1024))
    if state == CLOCK_NOT_SYNCHRONISED:
        return doubtful("对时", "本机的时钟没有与时间服务器同步：请启用 systemd-timesyncd 或 chrony")
    return (
        good("对时", "本机的时钟已与时间服务器同步") if state >= 0 else doubtful("对时", "无法得知是否同步")
    )
