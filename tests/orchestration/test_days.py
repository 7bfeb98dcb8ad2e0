"""Which days a change reaches, and how days become runs."""

from datetime import date, timedelta

import pytest

from orchestration.days import LARGEST_GAP_IN_A_RUN, between, reached, runs_of

FIRST, LAST = date(2015, 1, 1), date(2026, 12, 31)
DAY = date(2026, 3, 10)


def test_a_change_reaches_from_the_day_before_to_three_days_after() -> None:
    assert reached([DAY], first=FIRST, last=LAST) == between(date(2026, 3, 9), date(2026, 3, 13))


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
