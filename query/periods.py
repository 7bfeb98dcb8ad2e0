"""Periods: a stretch of time in a project's zone, and its division into the buckets of a series."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal, cast
from zoneinfo import ZoneInfo

from query.errors import choose, invalid
from query.tables import Grain

Interval = Literal["hour", "day", "week", "month", "quarter"]
INTERVALS: tuple[Interval, ...] = ("hour", "day", "week", "month", "quarter")

FIRST_DAY = date(1970, 1, 2)
LAST_DAY = date(2148, 12, 31)
MAX_BUCKETS = 10_000
DAY = timedelta(days=1)
# Every offset since 1972 is a multiple of this, so no local hour starts between two steps.
QUARTER_HOUR_MS = 900_000


@dataclass(frozen=True)
class Period:
    """The instants from `start` up to but not including `end`, in milliseconds. Their dates are those of `zone`.

    Raises `Refused` (`period_invalid`) when the period is empty or outside the dates that the warehouse can hold.
    """

    start: int
    end: int
    zone: ZoneInfo

    def __post_init__(self) -> None:
        if self.start >= self.end:
            raise invalid("period", "The period is empty: its start is not before its end.")
        if not FIRST_DAY <= self.first_day <= self.end_day - DAY <= LAST_DAY:
            raise invalid("period", f"A period lies between {FIRST_DAY} and {LAST_DAY}.")

    @property
    def first_day(self) -> date:
        """Return the local date of the first instant."""
        return local_date(self.start, self.zone)

    @property
    def end_day(self) -> date:
        """Return the day after the local date of the last instant."""
        return local_date(self.end - 1, self.zone) + DAY

    @property
    def grain(self) -> Grain | None:
        """Return the coarsest grain (`day` or `hour`) that begins and ends where this period does; None when the
        period cuts through an hour.
        """
        if (self.start, self.end) == (midnight(self.first_day, self.zone), midnight(self.end_day, self.zone)):
            return "day"
        on_the_hour = all(local_hour(edge, self.zone) == edge for edge in (self.start, self.end))
        return "hour" if on_the_hour else None

    def previous(self) -> "Period":
        """Return the period just before this period. If this period has whole days, the returned one has as many days,
        else as many milliseconds.
        """
        if self.grain == "day":
            first = self.first_day - (self.end_day - self.first_day)
            return Period(midnight(first, self.zone), self.start, self.zone)
        return Period(self.start - (self.end - self.start), self.start, self.zone)

    def year_before(self) -> "Period":
        """Return the same dates and times of day a year earlier; 29 February becomes 28 February."""
        return Period(_year_before(self.start, self.zone), _year_before(self.end, self.zone), self.zone)

    def days(self, interval: Interval) -> list[date]:
        """Return the first day of every day, week, month or quarter that the period touches. Raises `Refused`
        (`interval_invalid`) when there are too many.
        """
        buckets = []
        day = bucket_of(self.first_day, interval)
        while day < self.end_day:
            buckets.append(day)
            _limit(len(buckets))
            day = next_bucket(day, interval)
        return buckets

    def hours(self) -> list[int]:
        """Return the start of every local hour that the period touches, in epoch milliseconds. Raises `Refused`
        (`interval_invalid`) when there are too many.
        """
        _limit((self.end - self.start) // (4 * QUARTER_HOUR_MS))
        steps = range(self.start, self.end, QUARTER_HOUR_MS)
        return sorted({local_hour(step, self.zone) for step in (*steps, self.end - 1)})


def all_time(zone: ZoneInfo) -> Period:
    """Return the period of every day that the warehouse can hold."""
    return Period(midnight(FIRST_DAY, zone), midnight(LAST_DAY + DAY, zone), zone)


def _limit(bucket_count: int) -> None:
    if bucket_count > MAX_BUCKETS:
        raise invalid("interval", f"That is more than {MAX_BUCKETS} buckets; take a longer interval.")


def local_date(epoch_ms: int, zone: ZoneInfo) -> date:
    return datetime.fromtimestamp(epoch_ms // 1000, zone).date()


def midnight(day: date, zone: ZoneInfo) -> int:
    """Return the instant at which `day` starts, in epoch milliseconds. If a clock change skips midnight, the day starts
    at the clock change.
    """
    return round(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp()) * 1000


def _year_before(epoch_ms: int, zone: ZoneInfo) -> int:
    """Return the instant a year earlier at the same local time, in epoch milliseconds. If a clock change skips that
    local time, return the instant that would have it without the change.
    """
    at = datetime.fromtimestamp(epoch_ms // 1000, zone)
    day = _months_back(at.date(), 12)
    return round(at.replace(year=day.year, month=day.month, day=day.day).timestamp()) * 1000 + epoch_ms % 1000


def local_hour(epoch_ms: int, zone: ZoneInfo) -> int:
    """Return the instant at which the local hour of an instant starts, in epoch milliseconds. The models use the same
    formula.
    """
    offset = cast(timedelta, datetime.fromtimestamp(epoch_ms // 1000, zone).utcoffset())
    offset_ms = round(offset.total_seconds()) * 1000
    return (epoch_ms + offset_ms) // 3_600_000 * 3_600_000 - offset_ms


def bucket_of(day: date, interval: Interval) -> date:
    """Return the first day of the week (a Monday), month or quarter of `day`; for other intervals `day` itself."""
    if interval == "week":
        return day - timedelta(days=day.weekday())
    if interval == "month":
        return day.replace(day=1)
    if interval == "quarter":
        return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
    return day


def next_bucket(first_day: date, interval: Interval) -> date:
    """Return the first day of the bucket after the one that begins on `first_day`."""
    return bucket_of(first_day + {"day": 1, "week": 7, "month": 31, "quarter": 92}.get(interval, 1) * DAY, interval)


def read_period(start: str | None, end: str | None, named: str | None, zone: ZoneInfo, now_ms: int) -> Period:
    """Return the period that `startDate`, `endDate` and `range` mean now. Both dates are included; of two instants the
    second is excluded.

    Without these parameters it is the last 30 days, today included. Raises `Refused` (`period_invalid`).
    """
    today = local_date(now_ms, zone)
    try:
        if named is not None:
            if start is not None or end is not None:
                raise invalid("period", "Give either range, or startDate and endDate.")
            return _named(named, today, zone, now_ms)
        end_ms = _edge(end, zone, is_end=True) if end is not None else midnight(today + DAY, zone)
        if start is not None:
            return Period(_edge(start, zone, is_end=False), end_ms, zone)
        return Period(midnight(local_date(end_ms - 1, zone) - 29 * DAY, zone), end_ms, zone)
    except (OverflowError, ValueError, OSError) as error:
        raise invalid("period", f"A period lies between {FIRST_DAY} and {LAST_DAY}.") from error


def _edge(text: str, zone: ZoneInfo, *, is_end: bool) -> int:
    try:
        if _is_date(text):
            day = date.fromisoformat(text)
            return midnight(day + DAY if is_end else day, zone)
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise invalid(
            "period", f"{text[:80]!r} is not a date (2026-01-31) or an instant (2026-01-31T12:00:00Z)."
        ) from error
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)
    return (aware.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def _is_date(text: str) -> bool:
    return re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII) is not None


def read_as_of(text: str | None, zone: ZoneInfo, now_ms: int) -> int:
    """Return the instant that `asOf` means, in epoch milliseconds. A date means its last instant. Without `asOf` it is
    the start of the current minute.

    Raises `Refused` (`period_invalid`).
    """
    if text is None:
        return now_ms // 60_000 * 60_000
    try:
        edge = _edge(text, zone, is_end=True)
        return Period(edge - 1, edge, zone).start if _is_date(text) else Period(edge, edge + 1, zone).start
    except (OverflowError, ValueError, OSError) as error:
        raise invalid("period", f"asOf lies between {FIRST_DAY} and {LAST_DAY}.") from error


def _named(named: str, today: date, zone: ZoneInfo, now_ms: int) -> Period:
    tomorrow = today + DAY
    month = today.replace(day=1)
    year = today.replace(month=1, day=1)
    calendar = {
        "today": (today, tomorrow),
        "yesterday": (today - DAY, today),
        "monthToDate": (month, tomorrow),
        "lastMonth": ((month - DAY).replace(day=1), month),
        "yearToDate": (year, tomorrow),
        "lastYear": (year.replace(year=year.year - 1), year),
    }
    counted = re.fullmatch(r"([1-9]\d{0,3})(min|h|d|w|m|y)", named, re.ASCII)
    if named in calendar:
        first, end = calendar[named]
    elif counted is None:
        raise invalid("range", f"range is a count and a unit (7d, 24h, 12w, 6m, 1y) or one of {', '.join(calendar)}.")
    else:
        count, unit = int(counted[1]), counted[2]
        if unit in ("min", "h"):
            return Period(now_ms - count * (60_000 if unit == "min" else 3_600_000), now_ms, zone)
        if unit in ("m", "y"):
            first, end = _months_back(tomorrow, count * (12 if unit == "y" else 1)), tomorrow
        else:
            first, end = tomorrow - count * (7 if unit == "w" else 1) * DAY, tomorrow
    return Period(midnight(first, zone), midnight(end, zone), zone)


def _months_back(day: date, count: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 - count, 12)
    last = (date(year + (month + 1) // 12, (month + 1) % 12 + 1, 1) - DAY).day
    return date(year, month + 1, min(day.day, last))


def read_interval(word: str) -> Interval:
    """Return `word` as an interval. Raises `Refused` (`interval_invalid`)."""
    return cast(Interval, choose("interval", word, INTERVALS))
