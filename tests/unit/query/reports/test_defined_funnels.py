"""Defined funnels: by hand, as the question `funnel` answers them, and as the plainest SQL on `lens` says."""

from collections.abc import Callable
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


def test_the_steps_of_all_days_are_added_up(answer: Answer) -> None:
    # Ann entered on 4, 5 and 6 May and ordered within an hour on two of them; of Bob and d3 Bob did.
    told = answer("shop", "funnels/buying", **MAY)
    assert told == {
        "name": "Buying",
        "by": "device",
        "order": "ordered",
        "window_seconds": 3600,
        "steps": [
            {"name": "screen_view", "count": 5, "conversion_from_start": 100, "conversion_from_previous": 100},
            {"name": "order", "count": 3, "conversion_from_start": 60, "conversion_from_previous": 60},
        ],
    }


def test_a_day_is_answered_as_the_same_funnel_asked_ad_hoc(answer: Answer) -> None:
    day = {"startDate": "2026-05-05", "endDate": "2026-05-05"}
    steps = [{"name": "screen_view"}, {"name": "order"}]
    ad_hoc = answer("shop", "funnel", {"steps": steps, "window_seconds": 3600, **day})["steps"]
    defined = answer("shop", "funnels/buying", **day)["steps"]
    assert [step["count"] for step in defined] == [3, 2]
    assert defined == [{name: step[name] for name in defined[0]} for step in ad_hoc]


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
