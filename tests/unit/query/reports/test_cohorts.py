"""Cohorts: their sizes and members as of any instant, page by page, by hand and as the plainest SQL on `lens` says."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from event_lens.warehouse.client import Warehouse
from query.paging import write_cursor
from tests.unit.query.examples import bound
from tests.unit.query.sample_projects import World

Answer = Callable[..., Any]
Ask = Callable[..., httpx.Response]
PLAINEST = """
SELECT profile_id FROM lens.cohort_members
WHERE project_id = {project:String} AND cohort_id = {cohort:String}
    AND joined_at <= parseDateTime64BestEffort({at:String}, 3, 'UTC')
    AND left_at > parseDateTime64BestEffort({at:String}, 3, 'UTC')
"""


def profiles(rows: list[dict[str, Any]]) -> list[str]:
    return [row["profile_id"] for row in rows]


def test_cohorts_are_listed_by_name_with_the_sizes_of_an_instant(answer: Answer) -> None:
    buyers, lately, nobody = answer("shop", "cohorts", asOf="2026-05-05")
    count = {"operator": "gte", "value": 1}
    ordered: dict[str, Any] = {"event": "order", "filters": [], "count": count, "within_days": None}
    assert buyers == {
        "cohort_id": "buyers",
        "name": "Buyers",
        "match": "all",
        "criteria": [ordered],
        "members": 2,
        "ever_members": 2,
        "first_joined_at": "2026-05-05T10:10:00.000Z",
        "last_joined_at": "2026-05-05T12:02:00.000Z",
    }
    assert (lately["cohort_id"], lately["members"], lately["ever_members"]) == ("lately", 2, 2)
    assert (nobody["members"], nobody["ever_members"], nobody["first_joined_at"]) == (0, 0, None)


def test_sizes_follow_the_instant(answer: Answer) -> None:
    def sizes(**written: str) -> dict[str, int]:
        return {row["cohort_id"]: row["members"] for row in answer("shop", "cohorts", **written)}

    assert sizes(asOf="2026-05-05T10:10:00Z") == {"buyers": 1, "lately": 1, "nobody": 0}
    assert sizes(asOf="2026-05-05T10:09:59.999Z") == {"buyers": 0, "lately": 0, "nobody": 0}
    # A day after his order Bob is not a member any more; Ann has ordered again.
    assert sizes(asOf="2026-05-06T12:01:59.999Z")["lately"] == 2
    assert sizes(asOf="2026-05-06T12:02:00Z")["lately"] == 1
    assert sizes(asOf="2026-05-06") == {"buyers": 2, "lately": 1, "nobody": 0}
    assert sizes() == sizes(asOf=datetime.now(UTC).isoformat())
    assert len(answer("shop", "cohorts", limit=1)) == 1


def test_members_are_listed_with_their_stretch_of_membership(answer: Answer) -> None:
    assert answer("shop", "cohorts/lately/members", asOf="2026-05-05") == [
        {"profile_id": "ann", "joined_at": "2026-05-05T10:10:00.000Z", "left_at": "2026-05-07T10:10:00.000Z"},
        {"profile_id": "bob", "joined_at": "2026-05-05T12:02:00.000Z", "left_at": "2026-05-06T12:02:00.000Z"},
    ]
    assert [row["left_at"] for row in answer("shop", "cohorts/buyers/members", asOf="2026-06-01")] == [None, None]


def test_pages_hold_every_member_once_as_of_the_instant_of_the_first(ask: Ask) -> None:
    found, written = list[str](), {"asOf": "2026-02-10"}
    while written:
        told = ask("random", "cohorts/active/members", limit=2, **written).json()
        assert len(told["data"]) <= 2
        assert told["meta"]["notes"] == ["Members are those of 2026-02-11T04:59:59.999Z."]
        found += profiles(told["data"])
        cursor = told["meta"]["nextCursor"]
        written = {} if cursor is None else {"cursor": cursor}
    whole = ask("random", "cohorts/active/members", asOf="2026-02-10").json()
    assert found == profiles(whole["data"])
    assert len(found) > 2
    assert whole["meta"]["nextCursor"] is None


@pytest.mark.parametrize("at", ["2026-01-20T12:00:00Z", "2026-02-10T00:00:00Z", "2026-06-01T00:00:00Z"])
@pytest.mark.parametrize(("project", "cohort"), [("shop", "buyers"), ("random", "active")])
def test_the_plainest_sql_gives_the_same(
    answer: Answer, world: World, warehouse: Warehouse, project: str, cohort: str, at: str
) -> None:
    parameters = {"project": world.projects[project].project_id, "cohort": cohort, "at": at}
    rows = warehouse.rows(PLAINEST, parameters)
    told = answer(project, f"cohorts/{cohort}/members", asOf=at, limit=1000)
    assert profiles(told) == sorted(row["profile_id"] for row in rows)
    [size] = [row["members"] for row in answer(project, "cohorts", asOf=at) if row["cohort_id"] == cohort]
    assert size == len(rows)


@pytest.mark.parametrize(("project", "cohort"), [("shop", "none"), ("empty", "buyers"), ("random", "buyers")])
def test_a_cohort_that_the_project_does_not_have_is_refused(ask: Ask, project: str, cohort: str) -> None:
    response = ask(project, f"cohorts/{cohort}/members")
    assert (response.status_code, response.json()["error"]["code"]) == (404, "cohort_unknown")


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ({"cursor": "%%%"}, "cursor_invalid"),
        ({"cursor": "é"}, "cursor_invalid"),
        ({"cursor": "e30"}, "cursor_invalid"),
        ({"cursor": write_cursor(10**18, "a")}, "cursor_invalid"),
        ({"cursor": write_cursor("a", "a")}, "cursor_invalid"),
        ({"cursor": write_cursor(0, "a"), "asOf": "2026-05-05"}, "cursor_invalid"),
        ({"asOf": "yesterday"}, "period_invalid"),
        ({"asOf": "9999-12-31"}, "period_invalid"),
        ({"limit": 0}, "limit_invalid"),
        ({"cohort": "buyers"}, "cohort_invalid"),
    ],
)
def test_invalid_parameters_are_refused(ask: Ask, written: Any, code: str) -> None:
    if code == "cursor_invalid":
        written = bound("cohorts/{cohort}/members", written, cohort="buyers")
    response = ask("shop", "cohorts/buyers/members", **written)
    assert (response.status_code, response.json()["error"]["code"]) == (400, code)


def test_a_project_without_cohorts_has_none(answer: Answer) -> None:
    assert answer("empty", "cohorts") == []
