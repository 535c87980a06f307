import errno
import socket

import pytest

from miniapi import listening
from miniapi.listening import CannotListen, address, listen


def a_free_port():
    with socket.create_server(("127.0.0.1", 0)) as one:
        return one.getsockname()[1]


def answers(host, port):
    with socket.create_connection((host, port), timeout=2):
        return True


@pytest.mark.parametrize(
    ("host", "asked"),
    [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("localhost", "127.0.0.1")],
)
def test_it_listens_where_it_is_told(host, asked):
    port = a_free_port()

    with listen(host, port, "HUANXIN_PORT"):
        assert answers(asked, port)


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="this machine speaks no IPv6")
def test_all_of_ipv6_is_all_of_ipv4_too():
    port = a_free_port()

    with listen("::", port, "HUANXIN_PORT"):
        assert answers("127.0.0.1", port)


@pytest.mark.parametrize("host", ["nosuchhost.invalid", "a..b", "203.0.113.1", "2001:db8::1", "::1%none"])
def test_a_host_that_is_not_this_machine_is_named_with_its_own_setting(host):
    with pytest.raises(CannotListen, match=r"^HUANXIN_HOST: ") as refused:
        listen(host, a_free_port(), "HUANXIN_PORT")

    assert host in str(refused.value)


def test_a_port_in_use_is_named_with_the_setting_that_changes_it(monkeypatch):
    monkeypatch.setattr(listening, "PORT_FREE_WITHIN", 0.0)
    port = a_free_port()

    with socket.create_server(("127.0.0.1", port)), pytest.raises(CannotListen, match="HUANXIN_PORT"):
        listen("127.0.0.1", port, "HUANXIN_PORT")


def test_another_port_would_not_help_a_wrong_host():
    assert listening.is_about_host(socket.gaierror(socket.EAI_NONAME, "Name or service not known"))
    assert listening.is_about_host(OSError(errno.EADDRNOTAVAIL, "Cannot assign requested address"))
    assert not listening.is_about_host(PermissionError(errno.EACCES, "Permission denied"))


@pytest.mark.parametrize(
    ("host", "shown"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000"),
        ("0.0.0.0", "http://127.0.0.1:8000"),
        ("::", "http://[::1]:8000"),
        ("fd00::1", "http://[fd00::1]:8000"),
        ("huanxin.example", "http://huanxin.example:8000"),
    ],
)
def test_an_address_is_one_that_can_be_opened(host, shown):
    assert address(host, 8000) == shown
