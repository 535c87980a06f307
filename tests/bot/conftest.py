"""What every test of a conversation starts from."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

import faq.packs
from bot.dialogue import Dialogue
from faq.matcher import Matcher
from faq.packs import Library
from faq.rules import CHINA
from tests.fakes.city import FakeCity


@pytest.fixture(scope="session")
def library() -> Library:
    return faq.packs.load()


@pytest.fixture(scope="session")
def dialogue(library: Library, tmp_path_factory: pytest.TempPathFactory) -> Dialogue:
    folder: Path = tmp_path_factory.mktemp("words")
    return Dialogue(library, Matcher(library, folder))


@pytest.fixture
def city(library: Library) -> FakeCity:
    """Yangling two minutes before the second drop."""
    return FakeCity(library, datetime(2024, 9, 1, 9, 58, tzinfo=CHINA))
