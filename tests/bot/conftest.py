"""What every test of a conversation starts from."""

from __future__ import annotations

from datetime import datetime

import pytest

from bot.dialogue import Dialogue
from faq.matcher import Matcher
from faq.packs import Library
from faq.rules import CHINA
from tests.fakes.city import FakeCity


@pytest.fixture(scope="session")
def dialogue(library: Library, matcher: Matcher) -> Dialogue:
    return Dialogue(library, matcher)


@pytest.fixture
def city(library: Library) -> FakeCity:
    """Yangling two minutes before the second drop."""
    return FakeCity(library, datetime(2024, 9, 1, 9, 58, tzinfo=CHINA))
