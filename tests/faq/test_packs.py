import pytest

from faq import packs
from faq.packs import PackError
from tests.faq.conftest import moment


def test_yangling_has_every_clause_of_its_document(yangling):
    assert len(yangling.clauses) == 21
    assert yangling.clauses["细则三"].heading == "补贴的方式及标准"


def test_the_document_prints_these_contacts(yangling):
    assert [contact.value for contact in yangling.contacts] == [
        "029-87035056",
        "029-87031020",
        "120298829@qq.com",
    ]


@pytest.mark.parametrize(
    ("at", "status"),
    [("2024-08-01T00:00", "in_force"), ("2024-10-15T23:59", "in_force"), ("2024-10-16T00:00", "expired")],
)
def test_a_final_document_expires_with_its_window(yangling, at, status):
    assert yangling.citation("细则三", moment(at)).status == status


def test_a_citation_may_name_its_region(yangling):
    citation = yangling.citation("yangling#细则四（一）", moment("2024-09-01T10:00"))

    assert (citation.region, citation.clause, citation.heading) == ("yangling", "细则四（一）", "发放方式")


def test_a_clause_that_does_not_exist_cannot_be_cited(yangling):
    with pytest.raises(KeyError):
        yangling.citation("细则九", moment("2024-09-01T10:00"))


@pytest.mark.parametrize(("region", "status"), [("jining", "draft"), ("qingzhou", "consultation")])
def test_a_draft_stays_a_draft(library, region, status):
    if region in library.packs:
        assert library.pack(region).status(moment("2026-01-01T00:00")) == status


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("杨凌补多少", "yangling"),
        ("楊陵這邊呢", "yangling"),
        ("扬凌的券", "yangling"),
        ("冰箱补多少", None),
        ("上海补多少", None),
    ],
)
def test_knows_the_region_a_text_names(library, text, region):
    assert library.region_named_in(text) == region


def test_a_denied_region_is_not_meant(library):
    if "jining" in library.packs:
        assert library.region_named_in("不是杨凌，是济宁") == "jining"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("青岛地区怎么申请", "青岛"),
        ("武汉消费券", "武汉"),
        ("网上海尔冰箱", None),
        ("推广安装", None),
        ("大理石茶几", None),
        ("更新乡镇网点", None),
        ("西安户口能领吗", None),
        ("去西安买行不行", None),
        ("户口在宝鸡能享受吗", None),
        ("老家是兰州的能领吗", None),
        ("身份证是河南的影响不", None),
        ("杨凌怎么领", None),
    ],
)
def test_knows_when_another_place_is_asked_about(library, text, place):
    assert library.foreign_place_in(text) == place


@pytest.mark.parametrize(
    "text", ["西安户口能领吗", "户口在西安能领吗", "户口是西安能领吗", "西安市户口能领吗"]
)
def test_wherever_somebody_comes_from_is_elsewhere(library, text):
    assert library.without_places(f"杨凌{text}") in ("外地户口能领吗", "户口在外地能领吗", "户口是外地能领吗")


@pytest.mark.parametrize(
    ("name", "old", "new", "problem"),
    [
        ("yangling/document.toml", "year = 2024", 'year = "2024"', r"document\.toml: year: must be a whole"),
        ("yangling/document.toml", 'stage = "final"', 'stage = "law"', r"document\.toml: stage"),
        ("yangling/document.toml", 'region = "yangling"', 'region = "xian"', r"document\.toml: region"),
        ("yangling/document.toml", 'short = "杨凌"', "", r"document\.toml: short: is missing"),
        ("yangling/document.toml", "year = 2024", "yaer = 1\nyear = 2024", r"yaer: is not a known field"),
        (
            "yangling/rules.toml",
            "percent = 10",
            "percent = 0",
            r"rules\.toml: subsidy\.version\[1\]\.percent",
        ),
        ("yangling/rules.toml", "percent = 10", "percent = true", r"percent: must be a whole number"),
        ("yangling/rules.toml", "until = 2024-10-16", "until = 2024-01-01", r"version\[1\]\.until"),
        ("yangling/rules.toml", "first_drop = 2024-08-16", "first_drop = 2024-08-17", r"first_drop"),
        ("yangling/answers/money.toml", "asks = [", "asks = 1\nx = [", r"answer\[1\]\.asks: must be a list"),
        ("yangling/answers/money.toml", "[[answer]]", "[[answer]", r"money\.toml: "),
        ("categories.toml", 'kind = "appliance"', "", r"categories\.toml: category\[1\]\.kind: is missing"),
        ("vocabulary.toml", "fillers = [", "fillers = 3\nx = [", r"vocabulary\.toml: fillers"),
    ],
)
def test_a_wrong_file_is_named_with_its_field(edited, name, old, new, problem):
    folder = edited(name, old, new)

    with pytest.raises(PackError, match=problem):
        packs.load(folder)
