import re

from faq import vocabulary


def test_every_slip_synonym_and_filler_is_a_pattern_without_groups_of_its_own():
    words = vocabulary.read()

    for pattern in (*words.slips, *words.synonyms, *words.fillers):
        assert re.compile(pattern).groups == 0


def test_no_slip_is_what_is_meant():
    for typed, meant in vocabulary.read().slips.items():
        assert re.fullmatch(typed, meant) is None
