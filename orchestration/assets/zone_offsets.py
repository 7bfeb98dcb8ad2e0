"""The offsets of time zones from UTC as rows, because ClickHouse cannot take a time zone from a column."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

STEP = timedelta(days=7)


def offsets(zone: str, start: datetime, end: datetime) -> Iterator[tuple[datetime, int]]:
    """Yield pairs (the UTC instant from which an offset holds, the offset in seconds east of UTC). The first pair
    begins at the epoch and covers all time before `start`; then there is one pair for each change.

    The changes are found to the second. Two changes within a week that cancel each other out would be missed, but no
    zone has had such a pair since 1970.
    """
    info = ZoneInfo(zone)

    def offset_at(moment: datetime) -> int:
        shift = moment.astimezone(info).utcoffset()
        return 0 if shift is None else round(shift.total_seconds())

    yield datetime(1970, 1, 1, tzinfo=UTC), offset_at(start)
    moment = start
    while moment < end:
        step_end = moment + STEP
        if offset_at(step_end) != offset_at(moment):
            before, after = moment, step_end
            while after - before > timedelta(seconds=1):
                middle = before + (after - before) // 2
                middle = middle.replace(microsecond=0)
                before, after = (middle, after) if offset_at(middle) == offset_at(moment) else (before, middle)
            yield after, offset_at(after)
        moment = step_end
