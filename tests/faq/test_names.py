from faq import names
from faq.names import Rewriting


def test_the_longest_word_wins_at_a_place():
    assert names.any_of(["床", "床垫"]).findall("床垫和床") == ["床垫", "床"]


def test_a_latin_word_must_stand_alone():
    pattern = names.any_of(["tv"])

    assert pattern.search("买tv吗")
    assert not pattern.search("btvs")


def test_no_words_find_nothing():
    assert names.any_of([]).search("什么") is None


def test_rewrites_each_place_once():
    rewrite = Rewriting({"啥": "什么", "啥时候": "什么时候", "(?<!试)卷": "券"})

    assert rewrite("啥时候发卷，啥试卷") == "什么时候发券，什么试卷"


def test_rewrites_nothing_without_patterns():
    assert Rewriting({})("原样") == "原样"


def test_rewrites_patterns_that_begin_with_any_of_several_characters():
    rewrite = Rewriting({"[莫没]得": "没有", "有[莫没]得": "吗"})

    assert rewrite("莫得，有没得") == "没有，吗"
