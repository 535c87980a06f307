import json
import re

import pytest

from faq.check import check


def test_the_packs_as_shipped_are_in_order():
    assert check() == []


@pytest.mark.parametrize(
    ("name", "old", "new", "problem"),
    [
        (
            "yangling/answers/money.toml",
            "每件最高补 {subsidy.item_cap}",
            "每件最高补 1000 元",
            "yangling/answers/money.toml: item-cap: the figure “1” is typed in; take it from the rules",
        ),
        (
            "yangling/answers/money.toml",
            "每件最高补 {subsidy.item_cap}",
            "每件最高补一千元",
            "yangling/answers/money.toml: item-cap: the figure “一千元” is typed in; take it from the rules",
        ),
        (
            "yangling/answers/money.toml",
            "每件最高补 {subsidy.item_cap}",
            "每件最高补一倍",
            "yangling/answers/money.toml: item-cap: the figure “一倍” is typed in; take it from the rules",
        ),
        (
            "yangling/answers/vouchers.toml",
            "补贴时间到 {calendar.last_day} 为止",
            "补贴时间到十月十五日为止",
            "yangling/answers/vouchers.toml: window: the figure “十月” is typed in; take it from the rules",
        ),
        (
            "yangling/answers/money.toml",
            'cites = ["yangling#细则三"]',
            'cites = ["yangling#细则九"]',
            "yangling/answers/money.toml: subsidy-amount: cites yangling#细则九, which does not exist",
        ),
        (
            "yangling/rules.toml",
            'cites = "yangling#细则三"',
            'cites = "jining#（八）"',
            "yangling/rules.toml: subsidy from 2024-08-01: cites jining#（八）, which does not exist",
        ),
        (
            "yangling/rules.toml",
            '"sofa", "bed"]\nenergy',
            '"sofa", "bunk"]\nenergy',
            "yangling/rules.toml: subsidy.categories: there is no category bunk",
        ),
        (
            "yangling/rules.toml",
            "[[figure]]",
            '[[figure]]\nkey = "goal_year"\nsays = "x"\ncites = "yangling#一"\n\n[[figure]]',
            "yangling/rules.toml: figure goal_year: the version from 0001-01-01 still holds when",
        ),
        (
            "yangling/rules.toml",
            'invoice_mismatch = "flag"',
            'invoice_mismatch = "ignore"',
            "counter.version[1].invoice_mismatch: must be one of flag, refuse",
        ),
        (
            "yangling/rules.toml",
            "quota_used_up = false",
            "refund_days = -1",
            "counter.version[1].refund_days: must not be below nothing",
        ),
        (
            "yangling/rules.toml",
            "local_split = [1, 1]",
            "local_split = [1]",
            "rules.toml: fund.version[1].local_split: must be two shares, not both of them nothing",
        ),
        (
            "yangling/rules.toml",
            "recyclers_at_least = 3",
            "recyclers_at_least = -3",
            "rules.toml: readiness.version[1].recyclers_at_least: must not be below nothing",
        ),
        (
            "yangling/rules.toml",
            'cites = "yangling#细则五（一）"',
            'cites = "yangling#细则九"',
            "yangling/rules.toml: readiness from 2024-08-01: cites yangling#细则九, which does not exist",
        ),
        (
            "yangling/answers/money.toml",
            'follow_ups = ["item-cap"',
            'follow_ups = ["nothing"',
            "yangling/answers/money.toml: subsidy-amount: follow_ups: there is no answer nothing",
        ),
        (
            "yangling/answers/money.toml",
            'offers = ["quote", "drop"]',
            'offers = ["dance"]',
            "yangling/answers/money.toml: subsidy-amount: offers: dance is no kind of action",
        ),
        (
            "yangling/answers/money.toml",
            "补贴是成交价的 {subsidy.percent}%",
            "补贴是成交价的 {subsidy.share}%",
            "yangling/answers/money.toml: subsidy-amount: the placeholder {subsidy.share} stands for nothing",
        ),
        (
            "yangling/answers/people.toml",
            "这份文件没有提到能不能和",
            "请先问清楚能不能和",
            "yangling/answers/people.toml: stacking: is unset, but does not say plainly that the document"
            " leaves it open (没有规定)",
        ),
        (
            "yangling/answers/money.toml",
            'id = "item-cap"',
            'id = "person-cap"',
            "yangling/answers: person-cap: stands 2 times",
        ),
        (
            "yangling/answers/money.toml",
            '"一台家电最高补多少"',
            '"咨询电话是多少"',
            "yangling/answers/money.toml: item-cap: “咨询电话是多少” is claimed by contact too",
        ),
        (
            "yangling/answers/money.toml",
            '"一台家电最高补多少"',
            '"武汉一台家电最高补多少"',
            "yangling/answers/money.toml: item-cap: “武汉一台家电最高补多少” finds nothing first (none)",
        ),
        (
            "yangling/document.toml",
            "year = 2024",
            'year = "x"',
            "document.toml: year: must be a whole number",
        ),
    ],
    ids=[
        "a figure typed in",
        "a figure typed in Chinese",
        "a multiple typed in",
        "a date typed in Chinese",
        "an answer's citation",
        "a rule's citation",
        "a category of a rule",
        "a figure given twice",
        "a parameter of the counter",
        "a deadline for refunds",
        "shares of a fund",
        "a number of enterprises",
        "a requirement's citation",
        "a follow-up",
        "an offer",
        "a placeholder",
        "an open point not said",
        "an id given twice",
        "an asking claimed twice",
        "an asking that finds nothing",
        "an unreadable pack",
    ],
)
def test_says_what_is_wrong_and_where(edited, name, old, new, problem):
    problems = check(edited(name, old, new))

    assert any(problem in found for found in problems), problems


def test_a_subsidy_that_no_counter_can_give_is_refused(edited):
    folder = edited("yangling/rules.toml", "[[counter.version]]", "[[counter.version]]")
    file = folder / "yangling/rules.toml"
    without = re.sub(r"\[\[counter\.version\]\][^\[]*(?=\[\[)", "", file.read_text(encoding="utf-8"))
    file.write_text(without, encoding="utf-8")

    assert check(folder) == [
        "yangling/rules.toml: counter: is missing, so that nothing could be sold at the subsidy"
    ]


def test_overlong_answers_are_refused(edited):
    folder = edited("yangling/answers/money.toml", "每件最高补 ", "每件最高补 " + "很多很多" * 200)

    assert any("more than 700" in problem for problem in check(folder))


@pytest.mark.parametrize("kind", ["subsidy", "calendar", "fund", "readiness", "counter"])
def test_overlapping_versions_are_refused(edited, kind):
    header = f"[[{kind}.version]]"
    folder = edited("yangling/rules.toml", header, header)
    file = folder / "yangling/rules.toml"
    rules = file.read_text(encoding="utf-8")
    version = rules.split(header)[1].split("[[")[0]
    later = version.replace("from = 2024-08-01", "from = 2024-10-01").replace("until = 2024-10-16\n", "")
    file.write_text(f"{rules}\n{header}{later}", encoding="utf-8")

    problems = check(folder)

    assert problems == [
        f"yangling/rules.toml: {kind}: the version from 2024-08-01 still holds"
        " when that from 2024-10-01 begins"
    ]


class TestDevelopmentQuestions:
    @pytest.fixture
    def questions(self, tmp_path):
        """A folder of development questions that holds the one given."""

        def questions(question):
            folder = tmp_path / "questions"
            folder.mkdir()
            (folder / "policy_dev.jsonl").write_text(
                json.dumps({"question": question}, ensure_ascii=False) + "\n", encoding="utf-8"
            )
            return folder

        return questions

    @pytest.mark.parametrize(
        "question", ["一台家电最高补多少", "一台家电，最高补多少？", "一台家電最高補多少"]
    )
    def test_none_of_them_stands_in_an_asking(self, edited, questions, question):
        folder = edited("yangling/answers/money.toml", "[[answer]]", "[[answer]]")

        assert check(folder, questions(question)) == [
            f"yangling/answers/money.toml: item-cap: holds the development question “{question}”"
        ]

    def test_none_of_them_stands_in_an_answer(self, edited, questions):
        folder = edited("yangling/answers/money.toml", "每件最高补 ", "能不能补那么多？每件最高补 ")

        assert check(folder, questions("能不能补那么多")) == [
            "yangling/answers/money.toml: item-cap: holds the development question “能不能补那么多”"
        ]

    def test_five_characters_anyone_may_say(self, edited, questions):
        folder = edited("yangling/answers/money.toml", "[[answer]]", "[[answer]]")

        assert check(folder, questions("补贴多少钱")) == []

    def test_nothing_is_compared_where_they_are_absent(self, edited, tmp_path):
        folder = edited("yangling/answers/money.toml", "[[answer]]", "[[answer]]")

        assert check(folder, tmp_path / "nowhere") == []
