"""The time of an event, from the timestamp that its sender gave."""

import math
from datetime import UTC, date, datetime, timedelta
from typing import Any

from event_lens.contract.limits import MAX_FUTURE_MS
from event_lens.contract.rejection import Rejection

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NAIVE_EPOCH = EPOCH.replace(tzinfo=None)
MILLISECOND = timedelta(milliseconds=1)
SHORTEST_EPOCH_TEXT = 9  # digits; eight of them are a date such as 20260131
SMALLEST_EPOCH_MS = 253_402_300_800  # smaller numbers are seconds (up to the year 9999); in milliseconds this is 1978


def first_ms(day: date) -> int:
    """Return the first millisecond of a UTC day; 0 for days before 1970, where the warehouse's dates start."""
    return max(0, (day.toordinal() - NAIVE_EPOCH.toordinal()) * 86_400_000)


def event_time(value: Any, received_at_ms: int, first_event_ms: int) -> int:
    """Return milliseconds since the epoch of `value`: ISO 8601 (in UTC if it has no zone), or epoch seconds or
    milliseconds.

    A missing or unreadable value, or a time more than a minute after the receipt, gives `received_at_ms`. Raises
    `Rejection` (`timestamp_too_old`) for a time before `first_event_ms`.
    """
    if value is None:
        return received_at_ms
    moment = epoch_ms_of(value)
    if moment is None or moment > received_at_ms + MAX_FUTURE_MS:
        return received_at_ms
    if moment < first_event_ms:
        raise Rejection(
            "The timestamp lies before the first day that is kept (EVENTLENS_FIRST_DAY).", code="timestamp_too_old"
        )
    return moment


def epoch_ms_of(value: Any) -> int | None:
    """Return milliseconds since the epoch of ISO 8601 text, or of epoch seconds or milliseconds; None for anything
    else.
    """
    if isinstance(value, str):
        return _from_text(value.strip())
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return _from_number(value)


def _from_number(number: float) -> int | None:
    if isinstance(number, float):
        if not math.isfinite(number) or abs(number) > 1e15:
            return None
        # Binary fractions: 1700000000.123 seconds are a hair less than that.
        return math.floor(round(number * (1 if abs(number) >= SMALLEST_EPOCH_MS else 1000), 3))
    return number if abs(number) >= SMALLEST_EPOCH_MS else number * 1000


def _from_text(text: str) -> int | None:
    unsigned = text.removeprefix("-")
    if len(unsigned) >= SHORTEST_EPOCH_TEXT and unsigned.replace(".", "", 1).isdecimal():
        try:
            return _from_number(float(text) if "." in text else int(text))
        except ValueError:  # thousands of digits
            return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    elapsed = moment - (NAIVE_EPOCH if moment.tzinfo is None else EPOCH)
    return elapsed // MILLISECOND
