"""Cohorts that are defined over HTTP: who may, what is kept, and what is refused."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from event_lens.registry.database import open_registry
from event_lens.registry.definitions.cohorts import list_cohorts
from event_lens.settings import read_settings
from tests.unit.query.sample_projects import World

Ask = Callable[..., httpx.Response]
CRITERION: dict[str, Any] = {"event": "order", "start_date": "2026-05-01", "end_date": "2026-05-31"}
COHORT = {"name": "May's buyers", "criteria": [CRITERION]}


def test_a_root_key_defines_a_cohort_of_what_was_done_between_dates(ask: Ask, world: World) -> None:
    response = ask("shop", "cohorts", COHORT, headers=world.keys["shop root"])
    assert response.status_code == 201, response.text
    data = response.json()["data"]
    kept = CRITERION | {"filters": [], "count": {"operator": "gte", "value": 1}, "within_days": None}
    own = {"cohort_id": data["cohort_id"], "created_at": data["created_at"]}
    assert data == own | {"name": "May's buyers", "match": "all", "criteria": [kept]}
    registry = open_registry(read_settings({"EVENTLENS_HOME": str(world.home)}))
    (cohort,) = list_cohorts(registry, world.projects["shop"].project_id)
    assert (cohort.cohort_id, cohort.criteria) == (data["cohort_id"], [kept])
    path = f"/insights/{world.projects['shop'].project_id}/cohorts/{cohort.cohort_id}"
    assert httpx.delete(f"{world.url}{path}", headers=world.keys["shop"]).status_code == 403
    assert httpx.delete(f"{world.url}{path}", headers=world.keys["shop root"]).json()["data"] == data
    assert list_cohorts(registry, world.projects["shop"].project_id) == []
    registry.close()


def test_no_other_key_defines_anything(ask: Ask, world: World) -> None:
    for key, status, code in (
        ("shop", 403, "root_key_needed"),
        ("shop write", 403, "project_forbidden"),
        ("root", 403, "project_forbidden"),
    ):
        response = ask("shop", "cohorts", COHORT, headers=world.keys[key])
        assert (response.status_code, response.json()["error"]["code"]) == (status, code)
    assert ask("shop", "cohorts", COHORT, headers={}).status_code == 401


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"name": ""}, "cohort_invalid"),
        ({"criteria": []}, "cohort_invalid"),
        ({"match": "some"}, "cohort_invalid"),
        ({"criteria": [CRITERION | {"end_date": "2026-04-30"}]}, "cohort_invalid"),
        ({"criteria": [CRITERION | {"start_date": "0001-01-01"}]}, "cohort_invalid"),
        ({"criteria": [CRITERION | {"start_date": "May"}]}, "request_invalid"),
        ({"criteria": [{"profile": [], "start_date": "2026-05-01"}]}, "cohort_invalid"),
        ({"criteria": [CRITERION | {"within": 3}]}, "parameter_invalid"),
        ({"criteria": [{"event": "a", "filters": [{"name": "a", "operator": "is", "value": 1}]}]}, "filters_invalid"),
    ],
)
def test_an_invalid_cohort_is_refused(ask: Ask, world: World, change: Any, code: str) -> None:
    response = ask("shop", "cohorts", COHORT | change, headers=world.keys["shop root"])
    assert (response.status_code, response.json()["error"]["code"]) == (400, code), response.text
