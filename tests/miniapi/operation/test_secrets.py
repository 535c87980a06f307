import stat
import threading

import pytest

from miniapi.operation.secrets import keep_only, kept_file, known_keys, put_first
from miniapi.settings import Settings, SettingsError, keep_secret_key, secrets_of


def settings_of(home, **more):
    return Settings.from_environment({"HUANXIN_HOME": str(home), **more})


class TestTheKeptFile:
    def test_gets_a_new_secret_before_the_old_one(self, tmp_path):
        old = keep_secret_key(tmp_path)

        keys = put_first(tmp_path)

        new, kept = secrets_of(keep_secret_key(tmp_path))
        assert kept == old != new
        assert len(new) >= 32
        assert known_keys(settings_of(tmp_path)).ids == keys.ids
        assert stat.S_IMODE(kept_file(tmp_path).stat().st_mode) == 0o600
        assert [one.name for one in tmp_path.iterdir()] == ["secret_key"]

    def test_loses_no_secret_where_two_rotate_at_once(self, tmp_path):
        keep_secret_key(tmp_path)
        made = []
        threads = [threading.Thread(target=lambda: made.append(put_first(tmp_path))) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert {one.id for one in made} < set(known_keys(settings_of(tmp_path)).ids)
        assert len(secrets_of(keep_secret_key(tmp_path))) == 6

    def test_keeps_one_secret_only_if_it_is_still_the_first(self, tmp_path):
        keep_secret_key(tmp_path)
        first = put_first(tmp_path)
        put_first(tmp_path)

        assert not keep_only(tmp_path, first.id)
        assert len(secrets_of(keep_secret_key(tmp_path))) == 3

        assert keep_only(tmp_path, known_keys(settings_of(tmp_path)).id)
        assert len(secrets_of(keep_secret_key(tmp_path))) == 1


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
