"""The installation's secrets as operators know them: where they are kept, and their ids. Never the secret."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile

from miniapi.keys import Keys, key_id
from miniapi.settings import Settings, new_secret, secrets_of


def kept_file(home: Path) -> Path:
    """Where `huanxin up` keeps the secret that it made."""
    return home / "secret_key"


def known_keys(settings: Settings) -> Keys | None:
    """What this installation can open its data with; None where it has no secret yet.

    Raises OSError where the kept file cannot be read.
    """
    if settings.secret_key is not None:
        return Keys(settings.secret_key)
    kept = kept_file(settings.home)
    return Keys(kept.read_text(encoding="ascii").strip()) if kept.exists() else None


def put_first(home: Path) -> Keys:
    """Put a new secret before those that are kept, and say which there are now. Raises OSError."""
    with _alone(home):
        return _keep(home, [new_secret(), *_kept(home)])


def keep_only(home: Path, wanted: str) -> bool:
    """Keep the first secret alone, if this is still its id; whether it is. Raises OSError."""
    with _alone(home):
        first = _kept(home)[0]
        if key_id(first) != wanted:
            return False
        _keep(home, [first])
    return True


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """One change of the kept file at a time: nobody's new secret is lost."""
    folder = os.open(home, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _kept(home: Path) -> tuple[str, ...]:
    return secrets_of(kept_file(home).read_text(encoding="ascii").strip())


def _keep(home: Path, kept: list[str]) -> Keys:
    """Replace the kept file, whole and with mode 0600, and see to it that the disk has it."""
    written = ",".join(kept)
    with NamedTemporaryFile("w", dir=home, prefix="secret_key.", encoding="ascii", delete=False) as fresh:
        fresh.write(written)
        fresh.flush()
        os.fsync(fresh.fileno())
    os.replace(fresh.name, kept_file(home))
    folder = os.open(home, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return Keys(written)
