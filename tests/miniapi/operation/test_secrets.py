import os
import stat
import threading

import pytest

from miniapi.keys import key_id
from miniapi.operation.secrets import FirstChanged, keep_only, kept_file, known_keys, put_first
from miniapi.settings import Settings, SettingsError, keep_secret_key, secrets_of


def settings_of(home, **more):
    return Settings.from_environment({"HUANXIN_HOME": str(home), **more})


def kept_first(home):
    return secrets_of(keep_secret_key(home))[0]


def rotated(home):
    """The keys of a home after it got a new one."""
    with put_first(home) as keys:
        return keys


class TestTheKeptFile:
    def test_gets_a_new_secret_before_the_old_one(self, tmp_path):
        old = keep_secret_key(tmp_path)

        keys = rotated(tmp_path)

        new, kept = secrets_of(keep_secret_key(tmp_path))
        assert kept == old != new
        assert len(new) >= 32
        assert known_keys(settings_of(tmp_path)).ids == keys.ids
        assert stat.S_IMODE(kept_file(tmp_path).stat().st_mode) == 0o600
        assert [one.name for one in tmp_path.iterdir()] == ["secret_key"]

    def test_loses_no_secret_where_two_rotate_at_once(self, tmp_path):
        keep_secret_key(tmp_path)
        made = []
        threads = [threading.Thread(target=lambda: made.append(rotated(tmp_path))) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert {one.id for one in made} < set(known_keys(settings_of(tmp_path)).ids)
        assert len(secrets_of(keep_secret_key(tmp_path))) == 6

    def test_keeps_one_secret_only_if_it_is_still_the_first(self, tmp_path):
        keep_secret_key(tmp_path)
        first = rotated(tmp_path)
        rotated(tmp_path)

        with pytest.raises(FirstChanged), keep_only(tmp_path, first.id):
            pass
        assert len(secrets_of(keep_secret_key(tmp_path))) == 3

        with keep_only(tmp_path, known_keys(settings_of(tmp_path)).id) as kept:
            assert len(kept.ids) == 3
        assert known_keys(settings_of(tmp_path)).ids == kept.ids[:1]

    @pytest.mark.parametrize("change", [put_first, lambda home: keep_only(home, key_id(kept_first(home)))])
    def test_stays_as_it_is_where_the_event_cannot_be_written(self, tmp_path, change):
        keep_secret_key(tmp_path)
        rotated(tmp_path)
        before = keep_secret_key(tmp_path)

        with pytest.raises(RuntimeError), change(tmp_path):
            raise RuntimeError("the database is away")

        assert keep_secret_key(tmp_path) == before
        assert [one.name for one in tmp_path.iterdir()] == ["secret_key"]

    def test_leaves_no_secret_about_where_it_cannot_be_replaced(self, tmp_path, monkeypatch):
        before = keep_secret_key(tmp_path)

        def fail(*_names):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "replace", fail)
        with pytest.raises(OSError, match="No space"):
            rotated(tmp_path)

        assert keep_secret_key(tmp_path) == before
        assert [one.name for one in tmp_path.iterdir()] == ["secret_key"]


class TestTheSetting:
    def test_may_hold_several_and_wins_over_the_file(self, tmp_path):
        keep_secret_key(tmp_path)
        both = f"{'a' * 32}, {'b' * 40}"

        settings = settings_of(tmp_path, HUANXIN_SECRET_KEY=both)

        assert len(known_keys(settings).ids) == 2
        assert secrets_of(both) == ("a" * 32, "b" * 40)

    @pytest.mark.parametrize("written", ["short", f"{'a' * 32},short", f"{'a' * 32},", ","])
    def test_each_one_is_long_enough(self, tmp_path, written):
        with pytest.raises(SettingsError, match=r"HUANXIN_SECRET_KEY.*32"):
            settings_of(tmp_path, HUANXIN_SECRET_KEY=written)
