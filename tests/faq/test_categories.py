import pytest

from faq import categories
from faq.fields import PackError


@pytest.mark.parametrize(
    ("said", "key"),
    [
        ("fridge", "fridge"),
        ("冰箱", "fridge"),
        ("電冰箱", "fridge"),
        ("抽油烟机", "range_hood"),
        ("彩电", "tv"),
    ],
)
def test_a_category_goes_by_many_names(library, said, key):
    assert library.categories.named(said).key == key


def test_what_is_no_category_is_none(library):
    assert library.categories.named("飞机") is None


def test_finds_the_longest_name_at_each_place(library):
    found = library.categories.found_in("旧的电视柜、双开门冰箱和灶，一张床垫换新床")

    assert [category.key for category in found] == ["cabinet", "fridge", "gas_stove", "mattress", "bed"]


def test_names_each_category_once(library):
    found = library.categories.found_in("空调两台，空调还要一台")

    assert [category.key for category in found] == ["ac"]


def test_a_word_cannot_mean_two_things(tmp_path):
    file = tmp_path / "categories.toml"
    file.write_text(
        '[[category]]\nkey="tv"\nname="电视"\nkind="appliance"\n'
        '[[category]]\nkey="bed"\nname="床"\nkind="furniture"\nsynonyms=["电视"]\n',
        encoding="utf-8",
    )

    with pytest.raises(PackError, match=r"category\[2\]\.synonyms.*already means tv"):
        categories.read(file)


def test_knows_no_other_kind_of_thing(tmp_path):
    file = tmp_path / "categories.toml"
    file.write_text('[[category]]\nkey="tv"\nname="电视"\nkind="toy"\n', encoding="utf-8")

    with pytest.raises(PackError, match=r"category\[1\]\.kind"):
        categories.read(file)
