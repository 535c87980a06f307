"""The audit of what we depend on: what it makes of pip-audit's report and of uv's warnings."""

import importlib.util
import json
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ADVISORY = {"id": "PYSEC-2024-1", "fix_versions": ["1.2", "2.0"], "aliases": [], "description": ""}
WARNED = 'warning: `attrs==21.1.0` is yanked (reason: "Not importable (on Python 3.4).")\nResolved 2 packages'


@pytest.fixture(scope="module")
def audit():
    """The script, as a module."""
    spec = importlib.util.spec_from_file_location("audit", ROOT / ".ci/audit.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def a_report(*pins):
    return json.dumps({"dependencies": list(pins), "fixes": []})


def test_an_advisory_is_named_with_what_repairs_it(audit):
    report = a_report(
        {"name": "sound", "version": "1", "vulns": []}, {"name": "old", "version": "1.1", "vulns": [ADVISORY]}
    )

    assert audit.advisories(report) == (2, ["old 1.1: PYSEC-2024-1, repaired in 1.2, 2.0"])


def test_what_a_service_does_not_know_was_not_judged(audit):
    assert audit.advisories(a_report({"name": "one", "skip_reason": "not found"})) == (0, [])
    assert audit.advisories("") == (0, [])


def test_a_yanked_pin_is_named_with_the_reason(audit):
    assert audit.withdrawn(WARNED) == ["attrs==21.1.0: yanked (Not importable (on Python 3.4).)"]
    assert audit.withdrawn("warning: `attrs==21.1.0` is yanked") == [
        "attrs==21.1.0: yanked (no reason given)"
    ]
    assert audit.withdrawn("Resolved 104 packages in 30ms") == []


@pytest.mark.parametrize("lock", sorted(path.name for path in ROOT.glob("requirements*.lock")))
def test_a_lock_file_holds_hashes_and_no_address(lock):
    lines = (ROOT / lock).read_text().splitlines()

    pins = [number for number, line in enumerate(lines) if "==" in line]
    assert pins
    assert all("--hash=sha256:" in lines[number + 1] for number in pins)
    assert not any("://" in line or "index-url" in line for line in lines)
