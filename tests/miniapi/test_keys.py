import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniapi.keys import Keys, SealBroken

KEYS, OTHERS = Keys("one secret of at least 32 characters"), Keys("another secret of 32 characters!")
texts = st.text(st.characters(exclude_categories=["Cs"]))


@given(texts)
def test_what_was_sealed_comes_back(text):
    assert KEYS.unseal(KEYS.seal(text)) == text


def test_the_same_text_never_looks_the_same_twice():
    assert KEYS.seal("示例路 8 号") != KEYS.seal("示例路 8 号")


def test_another_secret_opens_nothing():
    with pytest.raises(SealBroken):
        OTHERS.unseal(KEYS.seal("示例路 8 号"))


@pytest.mark.parametrize("damaged", ["", "-", "gAAAAA", "x" * 200])
def test_what_is_damaged_is_said_to_be(damaged):
    with pytest.raises(SealBroken):
        KEYS.unseal(damaged)


def test_a_changed_letter_breaks_the_seal():
    sealed = KEYS.seal("示例路 8 号")

    with pytest.raises(SealBroken):
        KEYS.unseal(sealed[:-10] + ("A" if sealed[-10] != "A" else "B") + sealed[-9:])


def test_a_fingerprint_is_the_same_for_one_person_and_one_key():
    number = "61040319900307001X"

    assert KEYS.fingerprint(number) == Keys("one secret of at least 32 characters").fingerprint(number)
    assert KEYS.fingerprint(number) != OTHERS.fingerprint(number)
    assert KEYS.fingerprint(number) != KEYS.fingerprint("610403199003070028")
    assert number not in KEYS.fingerprint(number)
