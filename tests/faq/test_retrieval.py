import pytest

from faq.retrieval import Index, pieces


@pytest.fixture
def index() -> Index:
    index = Index(lambda term: 0.1 if term == "的" else 1.0)
    for number, (shelf, text) in enumerate([("a", "红的花"), ("a", "绿的草"), ("b", "红的花")]):
        index.add(shelf, number, list(text), owner=text)
    index.build()
    return index


def test_a_text_is_most_like_itself(index):
    found = index.likeness(list("红的花"), ["a"])

    assert found[0] == pytest.approx(1.0)
    assert found[1] < 0.1


def test_looks_only_on_the_shelves_named(index):
    assert set(index.likeness(list("红花"), ["b"])) == {2}


def test_what_was_never_seen_is_like_nothing(index):
    assert not index.likeness(["蓝"], ["a", "b"])


def test_the_share_counts_what_is_known_by_its_weight(index):
    assert index.share(["红", "的"], {"红", "的"}) == 1.0
    assert index.share(["红", "的"], {"红"}) > 0.8
    assert index.share(["红", "的"], {"的"}) < 0.2
    assert index.share([], {"红"}) == 0.0


def test_pieces_are_every_run_of_the_sizes():
    assert pieces("一二三") == ["一", "二", "三", "一二", "二三", "一二三"]
    assert pieces("一二三", (2,)) == ["一二", "二三"]
    assert pieces("") == []
