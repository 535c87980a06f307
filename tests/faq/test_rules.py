from datetime import date, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faq import rules
from faq.rules import CalendarRule, FundRule, Rules
from tests.faq.conftest import moment


def a_calendar(
    first: date = date(2024, 8, 16), last: date = date(2024, 10, 15), validity: int = 7
) -> CalendarRule:
    return CalendarRule(
        since=first,
        until=last + timedelta(days=1),
        days=(first.day, 1 if first.day != 1 else 16),
        opens=time(10),
        first_drop=first,
        last_day=last,
        validity_days=validity,
        cites="yangling#细则四（一）",
        cites_last_day="yangling#细则一",
    )


calendars = st.builds(
    a_calendar,
    first=st.dates(date(2024, 1, 1), date(2025, 1, 1)),
    last=st.dates(date(2025, 1, 2), date(2025, 12, 31)),
    validity=st.integers(1, 60),
)


class TestCalendarOfYangling:
    @pytest.fixture
    def calendar(self, yangling) -> CalendarRule:
        found = yangling.rules.calendar(date(2024, 9, 1))
        assert found is not None
        return found

    def test_has_four_drops_and_none_after_the_close(self, calendar):
        assert calendar.drops() == [
            moment("2024-08-16T10:00"),
            moment("2024-09-01T10:00"),
            moment("2024-09-16T10:00"),
            moment("2024-10-01T10:00"),
        ]

    def test_does_not_count_the_day_of_the_drop(self, calendar):
        assert calendar.valid_until(date(2024, 9, 1)) == moment("2024-09-08T23:59:59")

    @pytest.mark.parametrize(
        ("at", "phase"),
        [
            ("2024-08-16T09:59:59", "before"),
            ("2024-08-16T10:00", "open"),
            ("2024-10-15T23:59:59", "open"),
            ("2024-10-16T00:00", "after"),
        ],
    )
    def test_is_open_from_the_first_drop_to_the_end_of_the_last_day(self, calendar, at, phase):
        assert calendar.phase(moment(at)) == phase

    def test_has_no_next_drop_after_the_first_of_october(self, calendar):
        assert calendar.next_drop(moment("2024-10-01T09:59:59")) == moment("2024-10-01T10:00")
        assert calendar.next_drop(moment("2024-10-01T10:00")) is None

    def test_has_nothing_to_use_once_the_last_vouchers_lapsed(self, calendar):
        assert calendar.usable_drop(moment("2024-10-08T23:59:59")) == moment("2024-10-01T10:00")
        assert calendar.usable_drop(moment("2024-10-09T00:00")) is None


@given(calendars)
def test_drops_lie_in_the_window_on_their_days(calendar):
    drops = calendar.drops()

    assert drops[0] == calendar.window_opens
    assert drops == sorted(set(drops))
    for drop in drops:
        assert drop < calendar.window_closes
        assert drop.day in calendar.days
        assert drop <= calendar.valid_until(drop.date()) < calendar.window_closes


@given(calendars, st.integers(-100, 800))
def test_the_next_drop_is_ahead_and_the_latest_behind(calendar, days):
    at = calendar.window_opens + timedelta(days=days, minutes=1)

    upcoming, latest = calendar.next_drop(at), calendar.latest_drop(at)

    assert upcoming is None or upcoming > at
    assert latest is None or latest <= at
    assert (latest is None) == (calendar.phase(at) == "before")


class TestVersions:
    OLD = FundRule(date(2024, 1, 1), date(2024, 7, 1), 100, (1, 1), "x#一")
    NEW = FundRule(date(2024, 7, 1), None, 200, (1, 1), "x#一")

    def test_the_one_of_the_day_counts(self):
        both = Rules(funds=[self.NEW, self.OLD])

        assert both.fund(date(2024, 6, 30)) is self.OLD
        assert both.fund(date(2024, 7, 1)) is self.NEW

    def test_before_the_first_and_after_the_last_the_nearest_answers(self):
        old = Rules(funds=[self.OLD])

        assert old.fund(date(2023, 1, 1)) is self.OLD
        assert old.fund(date(2026, 1, 1)) is self.OLD

    def test_a_document_that_fixes_nothing_has_no_rule(self):
        assert Rules().fund(date(2024, 7, 1)) is None

    def test_touching_versions_do_not_overlap(self):
        assert rules.overlaps([self.NEW, self.OLD]) == []

    def test_an_unended_version_overlaps_with_the_next(self):
        assert rules.overlaps([self.NEW, FundRule(date(2025, 1, 1), None, 1, (1,), "x#一")])


def test_yangling_pays_what_the_document_says(yangling):
    rule, fund = yangling.rules.subsidy(date(2024, 9, 1)), yangling.rules.fund(date(2024, 9, 1))

    assert (rule.percent, rule.item_cap_yuan, rule.person_cap_yuan) == (10, 1000, 3000)
    assert rule.energy_grades == (1, 2)
    assert len(rule.categories) == 10
    assert rule.declared_categories == ("sofa", "bed")
    assert rule.full_price_yuan == 10_000
    assert rule.items_for_person_cap == 3
    assert (fund.total_yuan, fund.local_split) == (475_000, (1, 1))


def test_yangling_opens_with_five_sellers_and_three_recyclers(yangling):
    rule = yangling.rules.readiness(date(2024, 9, 1))

    assert (rule.sellers_at_least, rule.recyclers_at_least) == (5, 3)
    assert rule.cites == "yangling#细则五（一）"


def test_yangling_has_an_old_unit_declared_and_flags_a_strange_invoice(yangling):
    rule = yangling.rules.counter(date(2024, 9, 1))

    assert (rule.old_unit_declared, rule.invoice_mismatch) == (True, "flag")
    assert rule.cites == "yangling#细则三"


def test_yangling_takes_goods_back_at_any_time_and_the_voucher_returns(yangling):
    rule = yangling.rules.counter(date(2024, 9, 1))

    assert (rule.refund_days, rule.quota_used_up) == (None, False)


@pytest.mark.parametrize("region", ["jining", "qingzhou", "chongqing", "liaoning"])
def test_the_others_fix_no_money(library, region):
    if region in library.packs:
        of = library.pack(region).rules
        assert of.subsidy(date(2024, 9, 1)) is None
        assert of.calendar(date(2024, 9, 1)) is None
        assert of.fund(date(2024, 9, 1)) is None
        assert of.readiness(date(2024, 9, 1)) is None
        assert of.counter(date(2024, 9, 1)) is None
