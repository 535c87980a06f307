import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniapi.money import Fen, from_yuan, in_yuan, percent_of

prices = st.integers(0, 100_000_000).map(Fen)


@given(prices, st.integers(0, 100))
def test_a_share_is_rounded_down_to_the_fen(price, percent):
    share = percent_of(price, percent)

    assert share * 100 <= price * percent < (share + 1) * 100


@given(prices)
def test_what_people_read_is_the_same_amount(price):
    yuan, _, fen = in_yuan(price).partition(".")

    assert from_yuan(int(yuan)) + int(fen.ljust(2, "0") or 0) == price
    assert not fen.endswith("0")


@pytest.mark.parametrize(
    ("fen", "yuan"),
    [(0, "0"), (1, "0.01"), (10, "0.1"), (29_990, "299.9"), (52_000, "520"), (100_005, "1000.05")],
)
def test_is_written_without_idle_zeros(fen, yuan):
    assert in_yuan(fen) == yuan
