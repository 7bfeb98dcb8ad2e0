"""Defined funnels: by hand, as the question `funnel` answers them, and as the plainest SQL on `lens` says."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import httpx
import pytest

from event_lens.warehouse.client import Warehouse
from tests.unit.query.sample_projects import World

Answer = Callable[..., Any]
Ask = Callable[..., httpx.Response]
MAY = {"startDate": "2026-05-01", "endDate": "2026-05-31"}
SEASON = {"startDate": "2026-01-01", "endDate": "2026-06-30"}
PLAINEST = """
SELECT step, sum(reached) AS count FROM lens.funnels_daily
WHERE project_id = {project:String} AND funnel_id = 'buying' GROUP BY step ORDER BY step
"""


def test_the_steps_of_all_days_are_added_up(answer: Answer, ask: Ask) -> None:
    # Ann entered on 4, 5 and 6 May and ordered within an hour on two of these days. Bob ordered, d3 did not.
    told = answer("shop", "funnels/buying", **MAY)
    steps = told.pop("steps")
    assert told == {"name": "Buying", "by": "device", "order": "ordered", "window_seconds": 3600, "breakdown": []}
    rates = ("name", "count", "conversion_from_start", "conversion_from_previous")
    assert [[step[name] for name in rates] for step in steps] == [["screen_view", 5, 100, 100], ["order", 3, 60, 60]]
    # Orders were made on two days, whose medians cannot be merged.
    assert [step["median_seconds_from_previous"] for step in steps] == [None, None]
    assert any("one day" in note for note in ask("shop", "funnels/buying", **MAY).json()["meta"]["notes"])


def test_a_day_is_answered_as_the_same_funnel_asked_ad_hoc(answer: Answer) -> None:
    day = {"startDate": "2026-05-05", "endDate": "2026-05-05"}
    steps = [{"name": "screen_view"}, {"name": "order"}]
    ad_hoc = answer("shop", "funnel", {"steps": steps, "window_seconds": 3600, **day})["steps"]
    defined = answer("shop", "funnels/buying", **day)["steps"]
    assert [step["count"] for step in defined] == [3, 2]
    assert defined == ad_hoc
    assert defined[1]["median_seconds_from_previous"] > 0


def test_a_day_is_broken_down_as_the_same_funnel_asked_ad_hoc(answer: Answer) -> None:
    asked = {"steps": [{"name": "a"}, {"name": "b"}], "window_seconds": 3600, "breakdown": "properties.plan"}
    days = (date(2026, 1, 5) + timedelta(days=number) for number in range(50))
    told = {day: answer("random", "funnels/buying_by_plan", startDate=day, endDate=day) for day in map(str, days)}
    # All steps of an attempt are on the day on which it was entered, unless it went over midnight.
    compared = [
        (data["breakdown"], answer("random", "funnel", asked | {"startDate": day, "endDate": day})["steps"])
        for day, data in sorted(told.items(), key=lambda each: -len(each[1]["breakdown"]))[:5]
    ]
    assert {step["breakdown_value"] for step in compared[0][0]} == {"free", "pro"}
    for defined, ad_hoc in compared:
        assert defined == ad_hoc


def test_the_values_of_a_breakdown_add_up_to_the_steps(answer: Answer) -> None:
    data = answer("random", "funnels/buying_by_plan", **SEASON)
    values = [data["breakdown"][place : place + 2] for place in (0, 2)]
    assert len(data["breakdown"]) == 4
    assert values[0][0]["count"] >= values[1][0]["count"]
    for place, step in enumerate(data["steps"]):
        assert step["count"] == sum(steps[place]["count"] for steps in values) > 0
        assert step["median_seconds_from_previous"] is None
    assert answer("random", "funnels/buying_by_plan", limit=1, **SEASON) == data | {"breakdown": values[0]}


def test_days_without_entries_are_steps_of_zero(answer: Answer) -> None:
    told = answer("shop", "funnels/buying", startDate="2026-06-01", endDate="2026-06-02")
    assert [(step["count"], step["conversion_from_start"]) for step in told["steps"]] == [(0, None), (0, None)]


@pytest.mark.parametrize("project", ["shop", "random"])
def test_the_plainest_sql_gives_the_same(answer: Answer, world: World, warehouse: Warehouse, project: str) -> None:
    rows = warehouse.rows(PLAINEST, {"project": world.projects[project].project_id})
    counts = [step["count"] for step in answer(project, "funnels/buying", **SEASON)["steps"]]
    assert counts == [row["count"] for row in rows]
    assert counts[-1] > 0


@pytest.mark.parametrize(("project", "funnel"), [("shop", "selling"), ("plain", "buying"), ("empty", "buying")])
def test_a_funnel_that_the_project_does_not_have_is_refused(ask: Ask, project: str, funnel: str) -> None:
    response = ask(project, f"funnels/{funnel}", **MAY)
    assert (response.status_code, response.json()["error"]["code"]) == (404, "funnel_unknown")


def test_parts_of_days_are_refused(ask: Ask) -> None:
    response = ask("shop", "funnels/buying", range="24h")
    assert (response.status_code, response.json()["error"]["code"]) == (400, "period_invalid")
