"""Periods: what users write, and the buckets of every zone."""

from datetime import UTC, date, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from event_lens.errors import Refused
from query.periods import Period, read_period

BERLIN = ZoneInfo("Europe/Berlin")
APIA = ZoneInfo("Pacific/Apia")
SKIPPED = date(2011, 12, 30)  # Samoa crossed the date line, so Apia has no instant of this day
NOW = round(datetime(2026, 5, 13, 22, 30, tzinfo=UTC).timestamp()) * 1000  # 14 May, 00:30 in Berlin


@pytest.mark.parametrize(
    ("named", "first", "last"),
    [
        ("today", "2026-05-14", "2026-05-14"),
        ("yesterday", "2026-05-13", "2026-05-13"),
        ("7d", "2026-05-08", "2026-05-14"),
        ("2w", "2026-05-01", "2026-05-14"),
        ("1m", "2026-04-15", "2026-05-14"),
        ("12m", "2025-05-15", "2026-05-14"),
        ("1y", "2025-05-15", "2026-05-14"),
        ("monthToDate", "2026-05-01", "2026-05-14"),
        ("lastMonth", "2026-04-01", "2026-04-30"),
        ("yearToDate", "2026-01-01", "2026-05-14"),
        ("lastYear", "2025-01-01", "2025-12-31"),
    ],
)
def test_a_range_is_of_whole_days_in_the_projects_zone(named: str, first: str, last: str) -> None:
    assert read_period(None, None, named, BERLIN, NOW) == read_period(first, last, None, BERLIN, NOW)


def test_without_parameters_the_period_is_the_last_30_days() -> None:
    assert read_period(None, None, None, BERLIN, NOW) == read_period(None, None, "30d", BERLIN, NOW)
    assert read_period(None, "2026-01-30", None, BERLIN, NOW).first_day == date(2026, 1, 1)
    assert read_period("2026-05-01", None, None, BERLIN, NOW).end_day == date(2026, 5, 15)


def test_hours_and_minutes_end_now() -> None:
    assert read_period(None, None, "24h", BERLIN, NOW) == Period(NOW - 86_400_000, NOW, BERLIN)
    assert read_period(None, None, "30min", BERLIN, NOW) == Period(NOW - 1_800_000, NOW, BERLIN)


def test_an_instant_without_a_zone_is_in_the_projects() -> None:
    period = read_period("2026-05-14T00:00", "2026-05-14T01:00:00", None, BERLIN, NOW)
    assert (period.start, period.end) == (NOW - 1_800_000, NOW + 1_800_000)


def test_the_period_before_has_as_many_days_even_when_the_clocks_change() -> None:
    period = read_period("2026-03-29", "2026-03-29", None, BERLIN, NOW)
    assert period.end - period.start == 23 * 3_600_000
    assert period.previous() == read_period("2026-03-28", "2026-03-28", None, BERLIN, NOW)


@given(
    st.sampled_from(["UTC", "Asia/Kolkata", "Australia/Lord_Howe", "America/St_Johns", "Africa/Cairo", "Pacific/Apia"]),
    st.dates(date(2010, 1, 1), date(2027, 1, 1)),
    st.integers(1, 5),
)
def test_every_instant_of_a_period_is_in_one_of_its_buckets(zone: str, first: date, days: int) -> None:
    last = date.fromordinal(first.toordinal() + days - 1)
    assume(zone != APIA.key or SKIPPED not in (first, last))
    period = read_period(first.isoformat(), last.isoformat(), None, ZoneInfo(zone), NOW)
    hours = period.hours()
    assert period.days("day") == [date.fromordinal(first.toordinal() + at) for at in range(days)]
    assert period.grain == "day"
    assert hours == sorted(set(hours))
    # A clock change by half an hour makes one local hour longer or shorter; none is further apart than that.
    assert all(0 < after - before <= 5_400_000 for before, after in pairwise(hours))
    assert hours[0] <= period.start
    assert period.end - hours[-1] <= 5_400_000


def test_a_period_ends_before_a_day_that_its_zone_skipped() -> None:
    period = read_period("2011-12-29", "2011-12-30", None, APIA, NOW)
    assert period.days("day") == [date(2011, 12, 29)]
    with pytest.raises(Refused, match="empty"):
        read_period("2011-12-30", "2011-12-30", None, APIA, NOW)


@given(st.text(max_size=30), st.text(max_size=30), st.none() | st.text(max_size=8))
def test_any_text_is_a_period_or_refused(start: str, end: str, named: str | None) -> None:
    try:
        period = read_period(start, end, named, BERLIN, NOW)
    except Refused:
        return
    assert period.start < period.end
