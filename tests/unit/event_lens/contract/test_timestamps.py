"""When an event happened: every form of time a sender may use."""

from contextlib import suppress
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from event_lens.contract.rejection import Rejection
from event_lens.contract.timestamps import event_time, first_ms

NOW = 1_790_000_000_500
FIRST = first_ms(date(2015, 1, 1))
AT = 1_780_000_000_123  # 2026-05-28T20:26:40.123Z


@pytest.mark.parametrize(
    "value",
    [
        AT,
        float(AT),
        AT + 0.9,
        1_780_000_000.123,
        str(AT),
        "1780000000.1239",
        "2026-05-28T20:26:40.123Z",
        "2026-05-28T20:26:40.123999Z",
        "2026-05-28T20:26:40.123",
        "2026-05-28 20:26:40.123+00:00",
        "2026-05-28T22:26:40.123+02:00",
        "2026-05-29T01:56:40.123456789+0530",
        " 2026-05-28T20:26:40,123Z ",
        "20260528T202640.123Z",
    ],
)
def test_all_forms_of_an_instant_give_the_same_time(value: Any) -> None:
    assert event_time(value, NOW, FIRST) == AT


def test_dates_and_whole_seconds_are_times() -> None:
    midnight = int(datetime(2026, 5, 28, tzinfo=UTC).timestamp() * 1000)
    for value in ("2026-05-28", "20260528", midnight // 1000, str(midnight // 1000)):
        assert event_time(value, NOW, FIRST) == midnight


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "soon",
        "2026-13-01",
        True,
        [],
        {},
        float("nan"),
        float("inf"),
        1e300,
        10**400,
        "9" * 9999,
        "9999-12-31",
        "9999-12-31T23:59:59-14:00",
        253402300799,
        NOW + 60_001,
        "+012026-01-01T00:00:00Z",
        "1" * 30,
        AT * 1000,
    ],
)
def test_missing_unreadable_and_future_times_become_the_receive_time(value: Any) -> None:
    assert event_time(value, NOW, FIRST) == NOW


def test_a_clock_up_to_a_minute_ahead_is_believed() -> None:
    assert event_time(NOW + 60_000, NOW, FIRST) == NOW + 60_000


@pytest.mark.parametrize(
    "value",
    [0, -1, "1969-12-31T23:59:59Z", "1970-01-01", "2014-12-31T23:59:59.999Z", "0001-01-01T00:00:00+05:00", -(10**30)],
)
def test_times_before_the_first_day_are_refused(value: Any) -> None:
    with pytest.raises(Rejection) as caught:
        event_time(value, NOW, FIRST)
    assert caught.value.code == "timestamp_too_old"


def test_the_first_day_itself_is_kept_and_never_lies_before_1970() -> None:
    assert event_time("2015-01-01", NOW, FIRST) == FIRST
    assert first_ms(date(1960, 1, 1)) == 0


@given(st.text() | st.floats() | st.integers() | st.datetimes().map(str) | st.datetimes().map(datetime.isoformat))
def test_every_value_gives_a_time_that_may_be_stored_or_a_rejection(value: Any) -> None:
    with suppress(Rejection):
        assert FIRST <= event_time(value, NOW, FIRST) <= NOW + 60_000
