"""Time as an argument: code that asks for the time takes a `Clock`, so tests pass their own."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], int]
"""Returns milliseconds; `now_ms` returns those since 1970-01-01T00:00:00Z."""


def now_ms() -> int:
    """Return the wall clock in milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


def elapsed_ms() -> int:
    """Return the milliseconds of the monotonic clock: it measures durations and says nothing of the time of day."""
    return time.monotonic_ns() // 1_000_000


def to_datetime(epoch_ms: int) -> datetime:
    """Return `epoch_ms` as an aware UTC datetime."""
    return datetime.fromtimestamp(epoch_ms / 1000, UTC)


def to_epoch_ms(moment: datetime) -> int:
    """Return an aware datetime as milliseconds since the epoch."""
    return round(moment.timestamp() * 1000)
