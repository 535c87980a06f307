"""What outlives the sandbox's process."""

from datetime import timedelta

import pytest

from miniapi.sandbox.state import State
from tests.miniapi.sandbox.running import running_sandbox


@pytest.fixture
def journal(tmp_path):
    return tmp_path / "sandbox.jsonl"


async def test_its_journal_is_for_its_owner_alone(tmp_path, journal, noon):
    async with running_sandbox(tmp_path):
        assert journal.stat().st_mode & 0o777 == 0o600


async def test_everything_survives_a_restart(tmp_path, noon):
    async with running_sandbox(tmp_path) as sandbox:
        openid, template_id = await sandbox.openid(), await sandbox.accept()
        code = await sandbox.login_code()
        token = sandbox.state.new_token("stable").token
        sandbox.state.deliver(openid, {"kind": "subscribe", "template_id": template_id})
        await sandbox.accept()
        await sandbox.accept()
        await sandbox.post("/sandbox/say", user="alice", text="在吗")

    async with running_sandbox(tmp_path) as sandbox:
        state = sandbox.state
        assert state.users[openid] == "alice"
        assert state.grants[openid, template_id] == 2
        assert state.code(code, "login", sandbox.wechat.appid) is not None
        assert state.tokens.verdict(token, state.ticks()) == 0
        assert await sandbox.received() == [{"kind": "subscribe", "template_id": template_id}]
        assert state.window(openid, noon) == (True, "said")


def test_a_used_code_stays_used(journal):
    before = State(journal)
    code = before.new_code("login", before.person("alice"), "wx1")
    before.use_code(code)
    before.close()

    after = State(journal)

    known = after.code(code, "login", "wx1")
    assert known is not None
    assert known.used
    after.close()


def test_a_code_ages_while_the_sandbox_is_down(journal):
    before = State(journal, ticks=lambda: 1000.0, wall=lambda: 50_000.0)
    code = before.new_code("login", before.person("alice"), "wx1")
    before.close()

    later = State(journal, ticks=lambda: 7.0, wall=lambda: 50_299.0)
    much_later = State(journal, ticks=lambda: 7.0, wall=lambda: 50_300.0)

    assert later.code(code, "login", "wx1") is not None
    assert much_later.code(code, "login", "wx1") is None
    later.close()
    much_later.close()


def test_a_torn_last_line_is_ignored_and_written_over(journal):
    before = State(journal)
    openid = before.person("alice")
    before.close()
    with journal.open("ab") as file:
        file.write(b'{"what": "user", "openid": "oB", "us')

    between = State(journal)
    between.person("bob")
    between.close()
    after = State(journal)

    assert after.users[openid] == "alice"
    assert sorted(after.users.values()) == ["alice", "bob"]
    after.close()


def test_a_broken_line_in_between_costs_only_itself(journal):
    before = State(journal)
    before.person("alice")
    before.close()
    journal.write_bytes(b"no json\n" + journal.read_bytes())

    after = State(journal)

    assert list(after.users.values()) == ["alice"]
    after.close()


def test_expired_codes_are_forgotten(journal):
    moment = 0.0
    state = State(journal, ticks=lambda: moment, wall=lambda: 0.0)
    first = state.new_code("login", state.person("alice"), "wx1")
    moment = 300.0
    second = state.new_code("login", state.person("alice"), "wx1")

    assert list(state.codes) == [second] != [first]
    state.close()


def test_a_window_is_open_until_its_last_moment(journal, noon):
    state = State(journal)
    openid = state.person("alice")
    state.opened(openid, "said", noon, 1)

    assert state.window(openid, noon + timedelta(hours=47, minutes=59)) == (True, "said")
    assert state.window(openid, noon + timedelta(hours=48)) == (False, None)
    state.close()
