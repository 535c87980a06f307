"""What can happen in a season, each step as likely as it is telling."""

from datetime import timedelta

from hypothesis import strategies as st

from tests.miniapi.seasons.model import Terms

PEOPLE = range(4)

people, clerks, shops = st.sampled_from(PEOPLE), st.sampled_from([0, 0, 0, 1, 2]), st.sampled_from([0, 0, 1])
drops = st.integers(0, 3)
which = st.integers(0, 5)  # of what there is, from the newest back
seldom = st.sampled_from([False, False, False, True])
prices = st.one_of(
    st.integers(1, 3_000_000), st.sampled_from([9, 10, 19, 999_999, 1_000_000, 1_000_001, 1_500_000])
)
good_ones = st.tuples(st.sampled_from(["fridge", "tv", "sofa"]), prices, st.sampled_from([1, 2]))
bad_ones = st.tuples(st.sampled_from(["ac", "bed", "phone"]), prices, st.sampled_from([1, 3, None]))
goods = st.one_of(good_ones, good_ones, good_ones, bad_ones)
BEYOND_SERIALS = 40
serials = st.integers(0, BEYOND_SERIALS)  # few, so that they meet again
waits = st.sampled_from(
    [
        timedelta(seconds=1),
        timedelta(seconds=59),
        timedelta(minutes=1),
        timedelta(minutes=9, seconds=59),
        timedelta(minutes=10),
        timedelta(hours=5),
        timedelta(days=1),
    ]
)


def often(times, name, *arguments):
    """Steps of this name, so many times as likely as the others."""
    return [st.tuples(st.just(name), *arguments) for _ in range(times)]


steps = st.one_of(
    *often(2, "wait", waits),
    *often(
        1, "wait_for_the_next_hour_that_counts", st.sampled_from([timedelta(), timedelta(microseconds=1)])
    ),
    *often(1, "expire"),
    *often(2, "claim", people, drops),
    *often(1, "everybody_claims_at_the_next_drop", st.permutations(PEOPLE)),
    *often(2, "present", which),
    *often(3, "quote", which, clerks, goods, st.booleans()),
    *often(1, "give_back", which, seldom),
    *often(3, "redeem", which, seldom, serials, seldom, seldom),
    *often(4, "buy", which, clerks, goods, serials, seldom),
    *often(2, "everybody_buys", clerks, prices),
    *often(3, "correct", which, seldom, prices, seldom),
    *often(2, "refund", which, seldom),
    *often(1, "settle_all", shops),
    *often(2, "settle_some", shops, st.sets(which, min_size=1, max_size=3)),
    *often(2, "recover", which),
    *often(3, "review", which, st.sampled_from([True, True, False])),
    *often(2, "exchange", which, seldom, serials),
    *often(1, "move_identity", people),
    *often(1, "return_unspent"),
    *often(1, "void", which),
    *often(1, "leave_and_come_back", people),
    *often(1, "freeze_claims", seldom),
    *often(1, "freeze_redemptions", seldom),
    *often(1, "freeze_drop", drops, seldom),
    *often(1, "change_quota", drops, st.integers(1, 9)),
    *often(1, "grant", st.integers(0, 9_500_00)),
)


# what the city must have before a step can be played
NEEDED = {
    "expire": "lapsed_ones",
    "present": "vouchers",
    "void": "vouchers",
    "buy": "usable",
    "everybody_buys": "usable",
    "quote": "codes",
    "redeem": "quotes",
    "give_back": "quotes",
    **dict.fromkeys(
        ("correct", "refund", "settle_all", "settle_some", "recover", "review", "exchange"), "sales"
    ),
}

# what a programme may ask for, by its parameters
terms = st.builds(
    Terms,
    refund_days=st.sampled_from([None, None, None, 3]),
    used_up=st.sampled_from([False, False, False, True]),
    refuse_mismatch=st.sampled_from([False, False, False, True]),
)
