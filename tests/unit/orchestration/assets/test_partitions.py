"""Which days Dagster's page shows."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from dagster._core.storage.tags import ASSET_PARTITION_RANGE_END_TAG, ASSET_PARTITION_RANGE_START_TAG

from event_lens.settings import Settings, read_settings
from orchestration.assets.dbt_models import days_of_run
from orchestration.assets.partitions import (
    SHOWN_AT_FIRST,
    daily_partitions,
    first_shown_day,
    note_first_day,
    shown_tags,
)
from orchestration.dagster_home import prepare_dagster_home
from orchestration.planning.days import between
from orchestration.planning.plan import Plan
from orchestration.planning.runs import BuildRun
from orchestration.run_tags import EVERYTHING, RANGE, TOUCHED

FIRST_SHOWN = date(2026, 3, 1)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = read_settings({"EVENTLENS_HOME": str(tmp_path / "home")})
    prepare_dagster_home(settings)
    return settings


def test_days_begin_where_the_data_does_once_a_build_noted_it(settings: Settings) -> None:
    today = datetime.now(UTC).date()
    assert first_shown_day(settings) == today - timedelta(days=SHOWN_AT_FIRST)
    note_first_day(settings, date(2026, 3, 3))
    assert first_shown_day(settings) == FIRST_SHOWN
    days = daily_partitions(FIRST_SHOWN).get_partition_keys()
    assert days[0] == "2026-03-01"
    assert days[-1] >= (today + timedelta(days=1)).isoformat()
    note_first_day(settings, date(2025, 3, 3))
    assert first_shown_day(settings) == date(2025, 3, 1)


def test_no_day_is_shown_that_no_event_can_have(settings: Settings) -> None:
    note_first_day(settings, date(1971, 1, 1))
    assert first_shown_day(settings) == settings.first_day - timedelta(days=2)


def test_a_damaged_note_shows_the_last_days(settings: Settings) -> None:
    (settings.home / "dagster" / "first-day").write_text("")
    assert first_shown_day(settings) < datetime.now(UTC).date()


@pytest.mark.parametrize("scope", [RANGE, TOUCHED, EVERYTHING])
def test_what_is_built_does_not_depend_on_what_is_shown(scope: str) -> None:
    run = BuildRun(date(2026, 2, 20), date(2026, 3, 5), scope)
    tags = shown_tags(run.tags, FIRST_SHOWN)
    assert tags[ASSET_PARTITION_RANGE_START_TAG] == "2026-03-01"
    assert tags[ASSET_PARTITION_RANGE_END_TAG] == "2026-03-05"
    nothing_left = Plan(days=[], receive_days=[], batch_count=0)
    assert days_of_run(tags, nothing_left) == between(run.start, run.end)


def test_a_run_before_all_that_is_shown_shows_the_first_day() -> None:
    tags = shown_tags(BuildRun(date(2020, 1, 1), date(2020, 1, 5), RANGE).tags, FIRST_SHOWN)
    assert tags[ASSET_PARTITION_RANGE_START_TAG] == tags[ASSET_PARTITION_RANGE_END_TAG] == "2026-03-01"
