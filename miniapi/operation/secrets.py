"""The installation's secrets as operators know them: where they are kept, and their ids. Never the secret."""

import fcntl
import os
from collections.abc import Iterator, Sequence
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


class FirstChanged(Exception):
    """Another secret than the expected one is kept first."""


@contextmanager
def put_first(home: Path) -> Iterator[Keys]:
    """Put a new secret before those that are kept: they are told, and kept at the end of the block.

    Where the block raises, nothing changes. Raises OSError, then too.
    """
    with _alone(home):
        kept = [new_secret(), *_kept(home)]
        yield Keys(",".join(kept))
        _keep(home, kept)


@contextmanager
def keep_only(home: Path, wanted: str) -> Iterator[Keys]:
    """Keep the first secret alone from the end of the block on; those that are kept until then are told.

    Where the block raises, nothing changes. Raises FirstChanged where the first one's id is not the wanted
    one, and OSError.
    """
    with _alone(home):
        kept = _kept(home)
        if key_id(kept[0]) != wanted:
            raise FirstChanged(f"the first secret is {key_id(kept[0])} now")
        yield Keys(",".join(kept))
        _keep(home, kept[:1])


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


def _keep(home: Path, kept: Sequence[str]) -> None:
    """Replace the kept file, whole and with mode 0600, and see to it that the disk has it."""
    with NamedTemporaryFile("w", dir=home, prefix="secret_key.", encoding="ascii", delete=False) as fresh:
        try:
            fresh.write(",".join(kept))
            fresh.flush()
            os.fsync(fresh.fileno())
            os.replace(fresh.name, kept_file(home))
        except OSError:
            os.unlink(fresh.name)
            raise
    folder = os.open(home, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
