"""Which days a change reaches, and how days become a run."""

from datetime import date, timedelta

import pytest
from dagster._core.storage.tags import ASSET_PARTITION_RANGE_END_TAG, ASSET_PARTITION_RANGE_START_TAG

from event_lens.errors import Refused
from event_lens.settings import read_settings
from orchestration.assets.dbt_models import days_of_run
from orchestration.planning.days import between, reached
from orchestration.planning.plan import Plan
from orchestration.planning.runs import MAX_DAYS_SHOWN, BuildRun, range_run
from orchestration.run_tags import EVERYTHING, RANGE, TOUCHED

FIRST, LAST = date(2015, 1, 1), date(2026, 12, 31)
DAY = date(2026, 3, 10)


def test_a_change_reaches_from_the_day_before_to_four_days_after() -> None:
    assert reached([DAY], first=FIRST, last=LAST) == between(date(2026, 3, 9), date(2026, 3, 14))


def test_reach_stops_at_the_first_and_last_buildable_day() -> None:
    assert reached([FIRST], first=FIRST, last=LAST)[0] == FIRST
    assert reached([LAST], first=FIRST, last=LAST)[-1] == LAST


def test_no_change_touches_no_day() -> None:
    assert reached([], first=FIRST, last=LAST) == []


def test_touched_days_are_built_by_one_run_however_far_apart_they_are() -> None:
    far = [FIRST, DAY, LAST]
    assert days_of_run(BuildRun(FIRST, LAST, TOUCHED).tags, Plan(days=far, receive_days=[], batch_count=1)) == far


@pytest.mark.parametrize(("days", "shown"), [(MAX_DAYS_SHOWN, MAX_DAYS_SHOWN), (MAX_DAYS_SHOWN + 1, 1), (4000, 1)])
def test_dagster_is_told_of_few_days(days: int, shown: int) -> None:
    last = DAY + timedelta(days=days - 1)
    tags = BuildRun(DAY, last, TOUCHED).tags
    assert tags[ASSET_PARTITION_RANGE_END_TAG] == last.isoformat()
    assert tags[ASSET_PARTITION_RANGE_START_TAG] == (last - timedelta(days=shown - 1)).isoformat()


@pytest.mark.parametrize("scope", [RANGE, EVERYTHING])
def test_days_that_a_person_asks_for_are_shown_one_by_one(scope: str) -> None:
    assert BuildRun(FIRST, LAST, scope).tags[ASSET_PARTITION_RANGE_START_TAG] == FIRST.isoformat()


def test_a_run_for_a_range_builds_all_of_its_days() -> None:
    plan = Plan(days=[DAY], receive_days=[], batch_count=1)
    run = BuildRun(DAY - timedelta(days=1), DAY + timedelta(days=1), RANGE)
    assert days_of_run(run.tags, plan) == between(run.start, run.end)


def test_a_run_whose_days_were_built_meanwhile_still_has_days_to_name_to_dbt() -> None:
    nothing_left = Plan(days=[], receive_days=[], batch_count=0)
    assert days_of_run(BuildRun(DAY, DAY, TOUCHED).tags, nothing_left) == [DAY]


def test_a_range_without_a_day_is_refused() -> None:
    settings = read_settings({})
    with pytest.raises(Refused) as refused:
        range_run(settings, DAY, DAY - timedelta(days=1))
    assert refused.value.code == "range_empty"
    with pytest.raises(Refused):
        range_run(settings, date(2014, 1, 1), date(2014, 1, 2))
