"""One partition per calendar day, the same for every daily table: it holds each project's rows of that local date. The
partitions begin with the first day of data, which builds note in Dagster's home, because definitions are loaded without
asking the warehouse. The noted day only decides which days Dagster's page shows, not which days are built.
"""

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import dagster as dg
from dagster._core.storage.tags import ASSET_PARTITION_RANGE_END_TAG, ASSET_PARTITION_RANGE_START_TAG

from event_lens.settings import Settings

NOTE = "first-day"
# The margin for zones behind UTC, and for a session begun the day before.
DAYS_BEFORE = 2
# Shown before the first build.
SHOWN_AT_FIRST = 31


def daily_partitions(first_shown: date) -> dg.DailyPartitionsDefinition:
    """Return the partitions from the first day that is shown to tomorrow, because zones ahead of UTC are already in
    tomorrow.
    """
    return dg.DailyPartitionsDefinition(start_date=first_shown.isoformat(), end_offset=2, fmt="%Y-%m-%d")


def first_shown_day(settings: Settings) -> date:
    """Return the first day that Dagster's page shows: the noted day, or else a day that is a fixed number of days
    ago.
    """
    with suppress(FileNotFoundError, ValueError):
        return date.fromisoformat(_note(settings).read_text())
    return datetime.now(UTC).date() - timedelta(days=SHOWN_AT_FIRST)


def note_first_day(settings: Settings, first: date) -> None:
    """Note the first day with raw events, for the next process that loads the definitions."""
    shown = max(first, settings.first_day) - timedelta(days=DAYS_BEFORE)
    path = _note(settings)
    if not path.exists() or path.read_text() != shown.isoformat():
        draft = path.with_suffix(".draft")
        draft.write_text(shown.isoformat())
        draft.replace(path)


def shown_tags(tags: Mapping[str, str], first_shown: date) -> dict[str, str]:
    """Return a run's tags with its range of partitions cut to begin no earlier than the first day that Dagster
    knows.
    """
    first = first_shown.isoformat()
    ends = (ASSET_PARTITION_RANGE_START_TAG, ASSET_PARTITION_RANGE_END_TAG)
    return {name: max(value, first) if name in ends else value for name, value in tags.items()}


def _note(settings: Settings) -> Path:
    return settings.home / "dagster" / NOTE
