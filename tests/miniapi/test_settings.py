import stat
import threading
from datetime import datetime
from pathlib import Path

import pytest

from miniapi.settings import NAMES, Settings, SettingsError, instant, keep_secret_key

SECRET = "s" * 32


def read(**more):
    return Settings.from_environment({f"HUANXIN_{name}": value for name, value in more.items()})


def refused(**more):
    with pytest.raises(SettingsError) as refusal:
        read(**more)
    return str(refusal.value)


def test_has_a_default_for_everything():
    settings = read()

    assert (settings.host, settings.port, settings.sandbox_port, settings.workers) == (
        "127.0.0.1",
        8000,
        8001,
        2,
    )
    assert settings.home == Path("var").resolve()
    assert (settings.database_url, settings.as_of, settings.secret_key) == (None, None, None)
    assert settings.log_level == "INFO"


def test_an_empty_value_is_no_value():
    assert Settings.from_environment(dict.fromkeys(NAMES, "")) == read()


def test_what_belongs_to_others_is_not_looked_at():
    assert Settings.from_environment({"PATH": "/bin", "MY_HUANXIN_X": "1"}) == read()


class TestWeChat:
    def test_without_credentials_is_the_sandbox(self):
        wechat = read(SANDBOX_PORT="9001").wechat

        assert wechat.sandbox
        assert (wechat.appid, wechat.secret) == ("wx0000000000000001", "sandbox-secret")
        assert (wechat.api_base, wechat.push_token) == ("http://127.0.0.1:9001", "sandbox")
        assert wechat.push_aes_key is None

    def test_with_credentials_is_the_real_one(self):
        wechat = read(WECHAT_APPID="wx1", WECHAT_SECRET="s", WECHAT_PUSH_AES_KEY="k" * 43).wechat

        assert not wechat.sandbox
        assert (wechat.api_base, wechat.push_token) == ("https://api.weixin.qq.com", None)
        assert wechat.push_aes_key == "k" * 43

    def test_the_address_has_no_idle_slash(self):
        assert read(WECHAT_API_BASE="https://proxy.example/").wechat.api_base == "https://proxy.example"


class TestWhatIsWrong:
    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("PORT", "0"),
            ("PORT", "65536"),
            ("PORT", "eighty"),
            ("PORT", "-1"),
            ("SANDBOX_PORT", "8001.0"),
            ("WORKERS", "0"),
            ("WORKERS", "65"),
            ("DATABASE_URL", "mysql://x/y"),
            ("DATABASE_URL", "postgresql:x"),
            ("DATABASE_URL", "postgresql://host:port/x"),
            ("DATABASE_URL", "postgresql://[::1/x"),
            ("AS_OF", "yesterday"),
            ("AS_OF", "2024-09-01T09:58:00"),
            ("SECRET_KEY", "s" * 31),
            ("DEMO_PASSWORD", "p" * 7),
            ("WECHAT_API_BASE", "ftp://x"),
            ("WECHAT_API_BASE", "https://"),
            ("WECHAT_PUSH_TOKEN", "no"),
            ("WECHAT_PUSH_TOKEN", "with space"),
            ("WECHAT_PUSH_AES_KEY", "k" * 42),
            ("LOG_LEVEL", "verbose"),
            ("SPEED", "fast"),
        ],
    )
    def test_is_named(self, name, value):
        assert f"HUANXIN_{name}: " in refused(**{name: value})

    def test_is_named_all_at_once(self):
        said = refused(PORT="x", WORKERS="y", SECRET_KEY="z", COLOUR="red", WECHAT_APPID="wx1")

        assert all(name in said for name in ("PORT", "WORKERS", "SECRET_KEY", "COLOUR", "WECHAT_SECRET"))
        assert "\n" not in said

    def test_credentials_come_together(self):
        assert "HUANXIN_WECHAT_SECRET" in refused(WECHAT_APPID="wx1")
        assert "HUANXIN_WECHAT_APPID" in refused(WECHAT_SECRET="s")

    def test_real_credentials_forbid_another_time(self):
        said = refused(WECHAT_APPID="wx1", WECHAT_SECRET="s", AS_OF="2024-09-01T09:58:00+08:00")

        assert "HUANXIN_AS_OF" in said

    def test_an_address_says_how_it_should_begin(self):
        assert "postgresql://" in refused(DATABASE_URL="postgresql:x")

    def test_a_password_that_is_not_escaped_is_not_repeated(self):
        said = refused(DATABASE_URL="postgresql://u:hidden/1@h/d")

        assert "%XX" in said
        assert "hidden" not in said


def test_secrets_are_not_shown():
    settings = read(
        SECRET_KEY=SECRET,
        DEMO_PASSWORD="hidden-0",
        DATABASE_URL="postgres://u:hidden-1@h/d",
        WECHAT_APPID="wx1",
        WECHAT_SECRET="hidden-2",
        WECHAT_PUSH_TOKEN="hidden3",
        WECHAT_PUSH_AES_KEY="h" * 43,
    )

    assert settings.database_url == "postgresql://u:hidden-1@h/d"
    assert not any(hidden in repr(settings) for hidden in (SECRET, "hidden", "h" * 43))


class TestTheFile:
    def test_is_read_where_the_process_stands(self, tmp_path, monkeypatch):
        (tmp_path / ".env").write_text(
            "# 注释\n\nHUANXIN_PORT = 9000\nHUANXIN_HOST='0.0.0.0'\n"
            'HUANXIN_HOME="家 home"\nHUANXIN_WORKERS=\n',
            encoding="utf-8",
        )
        monkeypatch.chdir(tmp_path)

        settings = Settings.from_environment()

        assert (settings.port, settings.host, settings.workers) == (9000, "0.0.0.0", 2)
        assert settings.home == tmp_path / "家 home"

    def test_the_environment_wins_over_it(self, tmp_path, monkeypatch):
        (tmp_path / ".env").write_text("HUANXIN_PORT=9000\n", encoding="utf-8")
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("HUANXIN_PORT", "9001")

        assert Settings.from_environment().port == 9001


class TestTheKeyOfAHome:
    def test_is_made_once_and_closed_to_others(self, tmp_path):
        key = keep_secret_key(tmp_path / "new" / "home")

        kept = tmp_path / "new" / "home" / "secret_key"
        assert key == keep_secret_key(tmp_path / "new" / "home") == kept.read_text()
        assert len(key) >= 32
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600
        assert [one.name for one in kept.parent.iterdir()] == ["secret_key"]

    def test_is_one_also_where_two_make_it_at_once(self, tmp_path):
        made = []
        threads = [
            threading.Thread(target=lambda: made.append(keep_secret_key(tmp_path)), daemon=True)
            for _ in range(2)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert len(set(made)) == 1


def test_an_instant_carries_its_offset():
    assert instant("2024-09-01T09:58:00+08:00") == datetime.fromisoformat("2024-09-01T01:58:00+00:00")
    with pytest.raises(ValueError, match="时区"):
        instant("2024-09-01T09:58:00")
