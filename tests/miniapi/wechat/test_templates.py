"""The templates that we want, and those that our account has."""

from pathlib import Path

import pytest

from miniapi.sandbox.templates import templates_by_kind
from miniapi.wechat.client import Template
from miniapi.wechat.templates import TEMPLATES, template_ids


class Account:
    """An account with these templates; only what `template_ids` asks for."""

    def __init__(self, *templates):
        self.listed = templates

    async def templates(self):
        return self.listed


async def test_finds_every_kind_in_the_sandbox(wechat):
    found = await template_ids(wechat)

    assert found == {kind: template.id for kind, template in templates_by_kind().items()}


@pytest.mark.parametrize("kind", TEMPLATES)
def test_the_sandbox_has_the_fields_that_we_fill(kind):
    wanted, there = TEMPLATES[kind], templates_by_kind()[kind]

    assert (there.title, there.fields) == (wanted.title, wanted.fields)


async def test_a_kind_with_other_fields_is_left_out_and_named(caplog):
    drop, ticket = TEMPLATES["drop"], TEMPLATES["ticket"]
    account = Account(
        Template("other", drop.title, {"thing1": "别的"}), Template("right", ticket.title, ticket.fields)
    )

    found = await template_ids(account)

    assert found == {"ticket": "right"}
    assert drop.title in caplog.text
    assert ticket.title not in caplog.text


@pytest.mark.parametrize("page", ["OPERATING.md", "OPERATING.zh-CN.md"])
def test_operators_are_told_which_templates_to_choose(page):
    said = Path(page).read_text(encoding="utf-8")

    for wanted in TEMPLATES.values():
        fields = ", ".join(f"`{name}` {title}" for name, title in wanted.fields.items())
        assert f"| {wanted.title} | {fields} |" in said
