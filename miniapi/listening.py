"""The sockets that the parts serve on, and the addresses at which people find them."""

import errno
import os
import socket
import time

PORT_FREE_WITHIN = 3.0  # seconds: the workers of an `up` that was killed let go of it
ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  and where this machine finds itself then
NOT_OURS = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)  # an address of another machine, or of no use here


class CannotListen(Exception):
    """An address or a port is not to be had; the message names the setting that changes it."""


def listen(host: str, port: int, setting: str) -> socket.socket:
    """A listening socket that all workers share: a waiting connection outlives the worker that dies.

    Raises CannotListen.
    """
    deadline = time.monotonic() + PORT_FREE_WITHIN
    while True:
        try:
            return opened(host, port)
        except OSError as problem:
            if is_about_host(problem):
                raise CannotListen(f"HUANXIN_HOST: {host} 不是这台机器的地址（{problem.strerror}）") from None
            if problem.errno != errno.EADDRINUSE or time.monotonic() > deadline:
                why = os.strerror(problem.errno or 0)
                raise CannotListen(
                    f"{_written(host)}:{port} 无法使用（{why}）：焕新可能已在运行，或用 {setting} 换端口"
                ) from None
        time.sleep(0.1)


def opened(host: str, port: int) -> socket.socket:
    """The same, or OSError. All of IPv6 is all of IPv4 too, where the machine can."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    both = host == "::" and socket.has_dualstack_ipv6()
    try:
        socket.getaddrinfo(host, port, family, socket.SOCK_STREAM)  # `create_server` would hide its error
    except UnicodeError:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known") from None
    return socket.create_server((host, port), family=family, backlog=4096, dualstack_ipv6=both)


def is_about_host(problem: OSError) -> bool:
    """Whether another port would not help."""
    return isinstance(problem, socket.gaierror) or problem.errno in NOT_OURS


def address(host: str, port: int) -> str:
    """Where whoever sits at this machine finds what listens there."""
    return f"http://{_written(ANYWHERE.get(host, host))}:{port}"


def _written(host: str) -> str:
    """The host as a URL has it."""
    return f"[{host}]" if ":" in host else host
