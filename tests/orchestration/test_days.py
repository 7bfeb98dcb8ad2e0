"""Which days a change reaches, and how days become runs."""

from datetime import date, timedelta

import pytest

from event_lens.errors import Refused
from event_lens.settings import read_settings
from orchestration.days import LARGEST_GAP_IN_A_RUN, between, reached, runs_of
from orchestration.models import RANGE, TOUCHED, days_of_run
from orchestration.plan import Plan
from orchestration.runs import BuildRun, range_run

FIRST, LAST = date(2015, 1, 1), date(2026, 12, 31)
DAY = date(2026, 3, 10)


def test_a_change_reaches_from_the_day_before_to_four_days_after() -> None:
    assert reached([DAY], first=FIRST, last=LAST) == between(date(2026, 3, 9), date(2026, 3, 14))


def test_reach_stops_at_the_first_and_last_buildable_day() -> None:
    assert reached([FIRST], first=FIRST, last=LAST)[0] == FIRST
    assert reached([LAST], first=FIRST, last=LAST)[-1] == LAST


def test_no_change_reaches_nothing() -> None:
    assert reached([], first=FIRST, last=LAST) == []
    assert runs_of([]) == []


@pytest.mark.parametrize(("gap", "runs"), [(1, 1), (LARGEST_GAP_IN_A_RUN, 1), (LARGEST_GAP_IN_A_RUN + 1, 2)])
def test_days_far_apart_become_runs_of_their_own(gap: int, runs: int) -> None:
    found = runs_of([DAY + timedelta(days=gap), DAY])
    assert len(found) == runs
    assert (found[0][0], found[-1][1]) == (DAY, DAY + timedelta(days=gap))


def test_a_run_for_what_is_touched_builds_only_that_of_its_range() -> None:
    plan = Plan(days=between(DAY, DAY + timedelta(days=3)), receive_days=[], batch_count=1)
    run = BuildRun(DAY - timedelta(days=1), DAY + timedelta(days=1), TOUCHED)
    assert days_of_run(run.tags, plan) == [DAY, DAY + timedelta(days=1)]
    assert len(days_of_run(BuildRun(run.start, run.end, RANGE).tags, plan)) == 3


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
