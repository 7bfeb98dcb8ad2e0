"""One partition a calendar day, the same for every daily table: for each project, the rows whose local date it is."""

from datetime import timedelta

import dagster as dg

from event_lens.settings import Settings


def daily_partitions(settings: Settings) -> dg.DailyPartitionsDefinition:
    """From two days before the first accepted day (zones behind UTC, a session begun the day before) to tomorrow
    (zones ahead of UTC)."""
    return dg.DailyPartitionsDefinition(
        start_date=(settings.first_day - timedelta(days=2)).isoformat(), end_offset=2, fmt="%Y-%m-%d"
    )
