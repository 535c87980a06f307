"""The packs as they are shipped, read once for all tests of `faq`."""

import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from faq import packs
from faq.packs import Library, Pack


@pytest.fixture(scope="session")
def yangling(library: Library) -> Pack:
    return library.pack("yangling")


@pytest.fixture
def edited(tmp_path: Path) -> Callable[[str, str, str], Path]:
    """A data folder with Yangling alone, in one file of which something was replaced."""

    def edit(name: str, old: str, new: str) -> Path:
        folder = tmp_path / "data"
        folder.mkdir()
        for shared in ("categories.toml", "vocabulary.toml"):
            shutil.copy(packs.DATA / shared, folder / shared)
        shutil.copytree(packs.DATA / "yangling", folder / "yangling")
        file = folder / name
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(text.replace(old, new, 1), encoding="utf-8")
        return folder

    return edit


def moment(written: str) -> datetime:
    """A moment in China, written without its offset."""
    return datetime.fromisoformat(f"{written}+08:00")
