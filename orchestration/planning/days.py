"""The days, and ranges of days, that a change touches."""

from collections.abc import Iterable
from datetime import date, timedelta

# A session begins on the day before an event of it at the earliest, and an event can decide where the sessions of the
# four days after it begin, and whose they are (docs/decisions/0003-session-reach.md).
REACH_BEFORE = 1
REACH_AFTER = 4


def reached(days: Iterable[date], *, first: date, last: date) -> list[date]:
    """Return the days whose numbers can change when raw events of `days` change, in order, from `first` to `last`."""
    offsets = range(-REACH_BEFORE, REACH_AFTER + 1)
    near = {day + timedelta(days=offset) for day in days for offset in offsets}
    return sorted(day for day in near if first <= day <= last)


def between(start: date, end: date) -> list[date]:
    """Return all days from `start` to `end`, both inclusive."""
    return [start + timedelta(days=offset) for offset in range((end - start).days + 1)]
