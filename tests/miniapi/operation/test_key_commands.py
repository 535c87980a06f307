import argparse
import os

import asyncpg
import pytest
from tortoise.exceptions import OperationalError

from miniapi.audit.models import AuditEvent
from miniapi.operation.key_commands import Asked, KeysRefused, reseal, rotate
from miniapi.operation.secrets import known_keys
from miniapi.settings import Settings, keep_secret_key


@pytest.fixture
def asked(database, tmp_path, noon):
    """A home whose key is kept in its file, and somebody who replaces it."""

    def ask(**options):
        keep_secret_key(tmp_path)
        settings = Settings.from_environment({"HUANXIN_HOME": str(tmp_path)})
        return Asked(
            argparse.Namespace(**options), settings, known_keys(settings), database, noon, lambda line: None
        )

    return ask


@pytest.fixture
def full_disk(monkeypatch):
    def fail(*_names):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)


async def test_a_rotation_that_cannot_be_kept_is_not_on_record(asked, full_disk):
    before = asked().keys.ids

    with pytest.raises(KeysRefused, match="No space left"):
        await rotate(asked())

    assert asked().keys.ids == before
    assert await AuditEvent.all().count() == 0


async def test_a_rotation_that_cannot_be_put_on_record_does_not_happen(asked, database):
    before = asked().keys.ids
    owner = await asyncpg.connect(database)
    await owner.execute("REVOKE INSERT ON audit_event FROM huanxin_service")
    await owner.close()

    with pytest.raises(OperationalError):
        await rotate(asked())

    assert asked().keys.ids == before


async def test_an_old_key_that_was_replaced_meanwhile_stays(asked):
    await rotate(asked())
    late = asked(drop_old=True)
    await rotate(asked())

    with pytest.raises(KeysRefused, match="刚刚又更换过"):
        await reseal(late)

    assert len(asked().keys.ids) == 3
    assert not await AuditEvent.filter(action="keys.dropped").exists()
