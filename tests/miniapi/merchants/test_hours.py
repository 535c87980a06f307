from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniapi.clock import SHANGHAI
from miniapi.merchants import hours
from miniapi.merchants.hours import A_DAY, HoursUnclear, Opening

MONDAY = datetime(2024, 9, 2, tzinfo=SHANGHAI)


@st.composite
def weeks(draw):
    """Openings that do not overlap, at most two a day."""
    week = []
    for day in draw(st.sets(st.integers(1, 7), min_size=1)):
        times = sorted(draw(st.sets(st.integers(0, A_DAY), min_size=2, max_size=5)))
        week += [Opening(day, *span) for span in zip(times[::2], times[1::2], strict=False)]
    return sorted(week)


class TestReading:
    @pytest.mark.parametrize(
        ("text", "again"),
        [
            ("周一至周五 09:00-17:00；周六 9:00-12:00", "周一至周五 09:00-17:00；周六 09:00-12:00"),
            ("星期一到星期天 8：00～20：00", "每天 08:00-20:00"),
            ("07:30-24:00", "每天 07:30-24:00"),
            (
                "周二、周四 09:00-11:30，14:00-18:00",
                "周二 09:00-11:30,14:00-18:00；周四 09:00-11:30,14:00-18:00",
            ),
        ],
    )
    def test_is_of_what_people_write(self, text, again):
        assert hours.written(hours.read(text)) == again

    @given(weeks())
    def test_what_is_written_is_read_as_the_same(self, week):
        assert hours.read(hours.written(week)) == week

    @pytest.mark.parametrize(
        ("text", "because"),
        [
            ("随时", "看不懂"),
            ("周五至周一 09:00-10:00", "前后颠倒"),
            ("22:00-02:00", "跨零点的请分两天写"),
            ("09:00-25:00", "没有 25:00"),
            ("09:60-10:00", "没有 09:60"),
            ("周一 09:00-11:00,10:00-12:00", "周一的时间有重叠"),
            (",".join(f"{hour:02d}:00-{hour:02d}:30" for hour in range(8)), "最多"),
        ],
    )
    def test_says_what_is_unclear(self, text, because):
        with pytest.raises(HoursUnclear, match=because):
            hours.read(text)


class TestBeingOpen:
    @pytest.mark.parametrize(
        ("minutes", "open_now"), [(9 * 60 - 1, False), (9 * 60, True), (17 * 60 - 1, True), (17 * 60, False)]
    )
    def test_is_from_the_first_minute_to_before_the_last(self, minutes, open_now):
        openings = hours.read("周一至周五 09:00-17:00")

        assert hours.is_open(openings, MONDAY + timedelta(minutes=minutes)) is open_now

    def test_is_of_the_weekday_in_china(self):
        openings = hours.read("周一 00:00-02:00")
        sunday_in_utc = MONDAY + timedelta(hours=1)

        assert hours.is_open(openings, sunday_in_utc.astimezone(tz=None)) is True
        assert hours.is_open(openings, MONDAY + timedelta(days=1, hours=1)) is False

    def test_is_not_known_where_nobody_told(self):
        assert hours.is_open([], MONDAY) is None
