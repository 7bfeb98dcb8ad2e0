"""What members do over time: as the plainest SQL on `lens` says, alone and beside another cohort."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from event_lens.warehouse.client import Warehouse
from tests.unit.query.sample_projects import World

Answer = Callable[..., Any]
Ask = Callable[..., httpx.Response]
SEASON = {"startDate": "2026-01-01", "endDate": "2026-03-31"}
AS_OF = "2026-03-31"
MEMBERS = """
SELECT profile_id FROM lens.cohort_members
WHERE project_id = {project:String} AND cohort_id = {cohort:String}
    AND joined_at <= toDateTime64('2026-04-01 03:59:59.999', 3, 'UTC')
    AND left_at > toDateTime64('2026-04-01 03:59:59.999', 3, 'UTC')
"""
MEASURES = {
    "active_users": ("uniqExact(profile_id)", "events", "local_day"),
    "sessions": ("count()", "sessions", "day"),
    "events": ("count()", "events", "local_day"),
    "revenue": ("sum(revenue)", "events", "local_day"),
}


@pytest.mark.parametrize("interval", ["day", "month"])
@pytest.mark.parametrize("metric", list(MEASURES))
@pytest.mark.parametrize("cohort", ["late", "early"])
def test_the_plainest_sql_gives_the_same(
    answer: Answer, world: World, warehouse: Warehouse, cohort: str, metric: str, interval: str
) -> None:
    told = answer("random", f"cohorts/{cohort}/behaviour", metric=metric, interval=interval, asOf=AS_OF, **SEASON)
    asked = {"project": world.projects["random"].project_id, "cohort": cohort}
    measure, table, day = MEASURES[metric]
    start = day if interval == "day" else f"toStartOfMonth({day})"
    sql = f"""
        SELECT toString({start}) AS date, toFloat64({measure}) AS value FROM lens.{table}
        WHERE project_id = {{project:String}} AND {day} BETWEEN '2026-01-01' AND '2026-03-31'
            AND profile_id IN ({MEMBERS}) GROUP BY date"""
    expected = {row["date"]: row["value"] for row in warehouse.rows(sql, asked)}
    assert told["members"] == warehouse.value(f"SELECT count() FROM ({MEMBERS})", asked) > 0
    assert {row["date"]: row["value"] for row in told["series"] if row["value"]} == {
        date: value for date, value in expected.items() if value
    }
    assert len(told["series"]) == (90 if interval == "day" else 3)
    assert all(row["per_member"] == pytest.approx(row["value"] / told["members"]) for row in told["series"])


def test_another_cohort_is_shown_next_to_it_with_the_number_of_common_profiles(
    answer: Answer, world: World, warehouse: Warehouse
) -> None:
    written = {"metric": "events", "interval": "month", "asOf": AS_OF} | SEASON
    told = answer("random", "cohorts/late/behaviour", versus="early", **written)
    versus = told.pop("versus")
    asked = {"project": world.projects["random"].project_id, "cohort": "late"}
    other = MEMBERS.replace("{cohort:String}", "'early'")
    both = warehouse.value(f"SELECT count() FROM ({MEMBERS}) WHERE profile_id IN ({other})", asked)
    assert versus.pop("members_of_both") == both > 0
    assert told | {"versus": None} == answer("random", "cohorts/late/behaviour", **written)
    assert versus | {"versus": None} == answer("random", "cohorts/early/behaviour", **written)


def test_filters_hold_and_a_cohort_without_members_has_nothing_to_divide_by(answer: Answer) -> None:
    filters = json.dumps([{"name": "name", "operator": "is", "value": ["order"]}])
    may = {"startDate": "2026-05-01", "endDate": "2026-05-31", "interval": "month", "asOf": "2026-05-31"}
    bought = answer("shop", "cohorts/buyers/behaviour", metric="events", filters=filters, **may)
    assert bought["series"] == [{"date": "2026-05-01", "value": 3.0, "per_member": 1.5}]
    nobody = answer("shop", "cohorts/nobody/behaviour", **may)
    assert (nobody["members"], nobody["series"][0]["per_member"]) == (0, None)


@pytest.mark.parametrize(
    ("question", "written", "status", "code"),
    [
        ("cohorts/none/behaviour", {}, 404, "cohort_unknown"),
        ("cohorts/buyers/behaviour", {"versus": "none"}, 404, "cohort_unknown"),
        ("cohorts/buyers/behaviour", {"versus": "buyers"}, 400, "versus_invalid"),
        ("cohorts/buyers/behaviour", {"metric": "mood"}, 400, "metric_invalid"),
    ],
)
def test_unknown_ids_and_invalid_parameters_are_refused(
    ask: Ask, question: str, written: dict[str, Any], status: int, code: str
) -> None:
    response = ask("shop", question, **written)
    assert (response.status_code, response.json()["error"]["code"]) == (status, code)
