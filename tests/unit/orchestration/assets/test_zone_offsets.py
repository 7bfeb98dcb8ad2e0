"""Offsets as rows give the same local time as the zone database, at any instant."""

from bisect import bisect_right
from datetime import UTC, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest

from orchestration.assets.zone_offsets import offsets

START, END = datetime(2014, 12, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/St_Johns",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Africa/Casablanca",
    "Asia/Pyongyang",
)


@pytest.mark.parametrize("zone", ZONES)
def test_a_zones_rows_give_its_offset_at_random_instants_and_at_every_change(zone: str) -> None:
    rows = list(offsets(zone, START, END))
    starts = [row[0] for row in rows]
    assert starts == sorted(starts)
    random = Random(zone)
    span = int((END - START).total_seconds())
    moments = [START + timedelta(seconds=random.randrange(span)) for _ in range(2_000)]
    moments += [start + timedelta(seconds=shift) for start in starts[1:] for shift in (-1, 0, 1)]
    for moment in moments:
        expected = moment.astimezone(ZoneInfo(zone)).utcoffset()
        assert expected == timedelta(seconds=rows[bisect_right(starts, moment) - 1][1]), moment


def test_a_zone_without_changes_has_one_row() -> None:
    assert list(offsets("UTC", START, END)) == [(datetime(1970, 1, 1, tzinfo=UTC), 0)]
