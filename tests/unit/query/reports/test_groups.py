"""Groups: the list of them and one of them, by hand and as the plainest SQL on `lens` says."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from event_lens.warehouse.client import Warehouse
from tests.unit.query.sample_projects import World

Answer = Callable[..., Any]
Ask = Callable[..., httpx.Response]


def test_a_group_comes_with_its_last_name_and_the_last_value_of_each_trait(answer: Answer) -> None:
    acme, other = answer("people", "groups")
    assert acme == {
        "group_id": "acme/1",
        "type": "company",
        "name": "Acme Ltd",
        "first_seen_at": "2026-06-01T08:00:00.000Z",
        "last_seen_at": "2026-06-02T08:00:00.000Z",
        "profile_count": 1,
        "event_count": 1,
        "revenue": 12.5,
        "properties": {"plan": "pro", "seats": 7},
    }
    assert (other["group_id"], other["name"], other["profile_count"], other["properties"]) == ("other", "", 1, {})
    assert answer("people", "groups/acme%2F1") == acme


def test_groups_are_found_by_type_and_by_parts_of_their_names(answer: Answer) -> None:
    def found(**written: str) -> list[str]:
        return [row["group_id"] for row in answer("people", "groups", **written)]

    assert found(type="company") == ["acme/1"]
    assert found(type="team") == []
    assert found(search="LTD") == found(search="acme/") == ["acme/1"]
    assert found(sort="profile_count", order="asc") == ["acme/1", "other"]


@pytest.mark.parametrize("sort", ["last_seen_at", "profile_count", "revenue", "name"])
def test_pages_hold_every_group_once(ask: Ask, sort: str, world: World, warehouse: Warehouse) -> None:
    first = ask("people", "groups", sort=sort, limit=1).json()
    second = ask("people", "groups", sort=sort, limit=1, cursor=first["meta"]["nextCursor"]).json()
    by = "lowerUTF8(name)" if sort == "name" else sort
    sql = f"SELECT group_id FROM lens.groups WHERE project_id = {{project:String}} ORDER BY {by} DESC, group_id DESC"
    expected = warehouse.rows(sql, {"project": world.projects["people"].project_id})
    assert [row["group_id"] for row in first["data"] + second["data"]] == [row["group_id"] for row in expected]
    assert second["meta"]["nextCursor"] is None


def test_the_people_of_a_group_are_found_by_its_id(answer: Answer) -> None:
    filters = '[{"name": "groups", "operator": "is", "value": "acme/1"}]'
    assert [row["first_name"] for row in answer("people", "profiles", filters=filters)] == ["Ann"]


def test_an_unknown_group_is_refused(ask: Ask) -> None:
    response = ask("people", "groups/acme")
    assert (response.status_code, response.json()["error"]["code"]) == (404, "group_unknown")
