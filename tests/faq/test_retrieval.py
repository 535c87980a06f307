import pytest

from faq.retrieval import Index, pairs


@pytest.fixture
def index() -> Index:
    owners = [["红的花", "红的果"], ["绿的草"], ["蓝的天"]]
    return Index([[list(text) for text in of] for of in owners], lambda term: 0.1 if term == "的" else 1.0)


def test_who_says_the_same_is_likest(index):
    fits = index.fit(list("绿的草"), likeness=1.0, share=0.0)

    assert fits[1] == pytest.approx(1.0)
    assert max(fits[0], fits[2]) < 0.1


def test_all_texts_of_an_owner_count_together(index):
    fits = index.fit(list("花果"), likeness=0.0, share=1.0)

    assert fits.tolist() == pytest.approx([1.0, 0.0, 0.0])


def test_what_was_never_seen_fits_nobody(index):
    assert index.fit(["海"], likeness=1.0, share=1.0).tolist() == [0.0, 0.0, 0.0]
    assert index.fit([], likeness=1.0, share=1.0).tolist() == [0.0, 0.0, 0.0]


def test_what_was_never_seen_lessens_the_share(index):
    known, _, _ = index.fit(list("红"), likeness=0.0, share=1.0)
    half_known, _, _ = index.fit(list("红海"), likeness=0.0, share=1.0)

    assert known == pytest.approx(1.0)
    assert half_known < 0.5


def test_what_is_to_be_heeded_little_counts_little(index):
    flower, grass, _ = index.fit(list("的草"), likeness=0.0, share=1.0)

    assert flower < 0.2
    assert grass == pytest.approx(1.0)


def test_likeness_and_share_add_up(index):
    query = list("红的草")
    both = index.fit(query, likeness=0.3, share=0.7)

    apart = index.fit(query, likeness=0.3, share=0.0) + index.fit(query, likeness=0.0, share=0.7)

    assert both == pytest.approx(apart)


def test_nobody_is_an_index_too():
    assert Index([], lambda term: 1.0).fit(["红"], likeness=1.0, share=1.0).tolist() == []


def test_pairs_are_every_two_that_stand_side_by_side():
    assert pairs("一二三") == ["一二", "二三"]
    assert pairs("一") == pairs("") == []
