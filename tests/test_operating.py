"""The pages for operators speak of what is there, and both languages show the same."""

import re
from pathlib import Path

import pytest

from miniapi import metrics, settings
from miniapi.cli import main

ROOT = Path(__file__).parents[1]
PAGES = {name: (ROOT / name).read_text(encoding="utf-8") for name in ("OPERATING.md", "OPERATING.zh-CN.md")}
SUFFIXES = re.compile(r"_(total|bucket|count|sum)$")
NOT_METRICS = {"huanxin_service"}  # the database role


def blocks(page):
    return re.findall(r"```\w+\n.*?\n```", page, re.DOTALL)


@pytest.mark.parametrize("name", PAGES)
class TestAPage:
    def test_names_only_settings_that_there_are(self, name):
        named = set(re.findall(r"\bHUANXIN_[A-Z_]+\b", PAGES[name]))

        assert len(named) > 5
        assert named <= set(settings.NAMES)

    def test_names_only_commands_that_there_are(self, name, capsys):
        for command in sorted(set(re.findall(r"(?:bin/|[`$&] ?)huanxin ([a-z]+)\b", PAGES[name]))):
            with pytest.raises(SystemExit) as ended:
                main([command, "--help"])

            assert ended.value.code == 0, command
            assert "usage" in capsys.readouterr().out

    def test_names_only_metrics_that_there_are(self, name):
        source = Path(metrics.__file__).read_text(encoding="utf-8")
        named = {SUFFIXES.sub("", one) for one in re.findall(r"\bhuanxin_[a-z_]+", PAGES[name])} - NOT_METRICS

        assert len(named) > 5
        assert [one for one in named if f'"{one.removeprefix("huanxin_")}"' not in source] == []


def test_both_languages_show_the_same_commands_and_files():
    one, other = PAGES.values()

    assert blocks(one) == blocks(other)
    assert len(blocks(one)) > 5
