"""Attribution: credit by source, by hand and as the plainest SQL on `lens` says."""

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
MODELS = ["first", "last", "last_non_direct", "linear", "position_based", "time_decay"]
COLUMNS = {
    "channel": ["channel"],
    "referrer": ["referrer_name", "referrer_type"],
    "campaign": ["utm_source", "utm_medium", "utm_campaign"],
}
PLAINEST = """
SELECT {columns}, model, sum(credit) AS credits, toFloat64(sum(revenue)) AS revenues
FROM lens.attribution WHERE project_id = {{project:String}} AND goal_id = {{goal:String}} AND credit > 0
GROUP BY {columns}, model
"""


def test_models_are_shown_side_by_side(answer: Answer) -> None:
    # Ann's first order had an e-mail and a search before it, her second one a direct visit as well; Bob came by search.
    rows = answer("shop", "attribution", goal="orders", model="first,last", **MAY)
    assert rows == [
        {"channel": "Email", "credit": {"first": 2, "last": 0}, "revenue": {"first": 120, "last": 0}},
        {"channel": "Organic Search", "credit": {"first": 1, "last": 2}, "revenue": {"first": 0, "last": 30}},
        {"channel": "Direct", "credit": {"first": 0, "last": 1}, "revenue": {"first": 0, "last": 90}},
    ]


def test_without_models_all_are_answered_and_each_gives_out_every_conversion_once(answer: Answer) -> None:
    rows = answer("shop", "attribution", goal="orders", **MAY)
    for model in MODELS:
        assert sum(row["credit"][model] for row in rows) == pytest.approx(3)
        assert sum(row["revenue"][model] for row in rows) == pytest.approx(120)


def test_a_period_of_instants_takes_the_conversions_in_it(answer: Answer) -> None:
    period = {"startDate": "2026-05-05T10:10:00Z", "endDate": "2026-05-05T10:10:00.001Z"}
    rows = answer("shop", "attribution", goal="orders", model="linear", by="referrer", **period)
    assert {row["referrer_name"]: row["credit"]["linear"] for row in rows} == {"": 0.5, "Google": 0.5}


def test_the_limit_keeps_the_sources_with_the_most_credit(answer: Answer) -> None:
    rows = answer("shop", "attribution", goal="orders", model="last", limit=1, **MAY)
    assert [row["channel"] for row in rows] == ["Organic Search"]


def test_a_goal_without_conversions_is_no_rows(answer: Answer) -> None:
    assert answer("shop", "attribution", goal="never", **MAY) == []


@pytest.mark.parametrize(("project", "goal"), [("shop", "nothing"), ("plain", "orders"), ("empty", "orders")])
def test_a_goal_that_the_project_does_not_have_is_refused(ask: Ask, project: str, goal: str) -> None:
    response = ask(project, "attribution", goal=goal, **MAY)
    assert (response.status_code, response.json()["error"]["code"]) == (404, "goal_unknown")


@pytest.mark.parametrize(
    ("written", "code"),
    [({}, "goal_invalid"), ({"goal": "orders", "model": "first,best"}, "model_invalid"), ({"by": "x"}, "goal_invalid")],
)
def test_unknown_words_are_refused(ask: Ask, written: dict[str, str], code: str) -> None:
    response = ask("shop", "attribution", **written)
    assert (response.status_code, response.json()["error"]["code"]) == (400, code)


@pytest.mark.parametrize("by", COLUMNS)
@pytest.mark.parametrize(("project", "goal"), [("shop", "orders"), ("random", "a")])
def test_the_plainest_sql_gives_the_same(
    answer: Answer, world: World, warehouse: Warehouse, project: str, goal: str, by: str
) -> None:
    told = {
        (*(row[column] for column in COLUMNS[by]), model): (row["credit"][model], row["revenue"][model])
        for row in answer(project, "attribution", goal=goal, by=by, limit=1000, **SEASON)
        for model in MODELS
        if row["credit"][model] > 0
    }
    sql = PLAINEST.format(columns=", ".join(COLUMNS[by]))
    rows = warehouse.rows(sql, {"project": world.projects[project].project_id, "goal": goal})
    expected = {
        (*(row[column] for column in COLUMNS[by]), row["model"]): (row["credits"], row["revenues"]) for row in rows
    }
    assert told
    assert told.keys() == expected.keys()
    assert all(told[key] == pytest.approx(expected[key]) for key in told)
