"""People: the list of them, and one of them, by hand, page by page, and as the plainest SQL on `lens` says."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from event_lens.warehouse.client import Warehouse
from query.paging import write_cursor
from tests.unit.query.examples import bound
from tests.unit.query.sample_projects import HOSTILE, World

Answer = Callable[..., Any]
Ask = Callable[..., httpx.Response]
ANN = "a/b%2F c"
SORTS = ("last_seen_at", "first_seen_at", "session_count", "event_count", "revenue", "name", "email", "profile_id")


def ids(rows: list[dict[str, Any]]) -> list[str]:
    return [row["profile_id"] for row in rows]


def test_profiles_come_with_what_is_known_of_them_the_last_seen_first(answer: Answer) -> None:
    rows = answer("people", "profiles")
    assert ids(rows) == ["device:d4", "ärger", "bob", ANN]
    assert rows[3] == {
        "profile_id": ANN,
        "is_identified": True,
        "first_seen_at": "2026-06-01T09:00:00.000Z",
        "last_seen_at": "2026-06-01T23:30:00.000Z",
        "session_count": 2,
        "event_count": 3,
        "revenue": 12.5,
        "first_name": "Ann",
        "last_name": "Example",
        "name": "",
        "email": "Ann@example.org",
        "avatar": "",
        "groups": ["acme/1", "other"],
        "properties": {"plan": {"name": "pro"}},
    }


def test_search_finds_parts_of_ids_names_and_addresses_whatever_their_case(answer: Answer) -> None:
    def found(search: str) -> list[str]:
        return ids(answer("people", "profiles", search=search))

    assert found("EXAMPLE.org") == found("ann exa") == found("%2f") == [ANN]
    assert found("ägid") == found("ÄRGER") == ["ärger"]
    assert found("device:") == ["device:d4"]
    assert found("%") == [ANN]
    assert found("_") == []
    assert found("x' OR 1=1 --") == []


def test_filters_are_of_the_profile(answer: Answer, ask: Ask) -> None:
    def found(name: str, operator: str, *value: Any) -> list[str]:
        filters = [{"name": name, "operator": operator, "value": list(value)}]
        return ids(answer("people", "profiles", filters=json.dumps(filters), sort="profile_id", order="asc"))

    assert found("properties.plan.name", "is", "pro") == [ANN]
    assert found("groups", "is", "other") == [ANN]
    assert found("is_identified", "is", False) == ["device:d4"]
    assert found("event_count", "gte", 1) == [ANN, "bob", "device:d4"]
    assert found("revenue", "gt", 12.5) == []
    refused = ask("people", "profiles", filters='[{"name": "browser", "operator": "is", "value": "x"}]')
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "filters_invalid")


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("sort", SORTS)
def test_pages_in_every_order_hold_every_profile_once(
    ask: Ask, world: World, warehouse: Warehouse, sort: str, order: str
) -> None:
    found, cursor = list[str](), ""
    while True:
        given = {"cursor": cursor} if cursor else {}
        told = ask("random", "profiles", sort=sort, order=order, limit=11, **given).json()
        found += ids(told["data"])
        cursor = told["meta"]["nextCursor"]
        if cursor is None:
            break
    by = f"lowerUTF8({sort})" if sort in ("name", "email") else sort
    sql = f"SELECT profile_id FROM lens.profiles WHERE project_id = {{project:String}} ORDER BY {by} {order}, 1 {order}"
    rows = warehouse.rows(sql, {"project": world.projects["random"].project_id})
    assert found == ids(rows)
    assert len(found) > 22


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ({"sort": "password"}, "sort_invalid"),
        ({"order": "up"}, "order_invalid"),
        ({"search": ""}, "search_invalid"),
        ({"search": "x" * 256}, "search_invalid"),
        ({"cursor": write_cursor("name", "desc", "a", "b")}, "cursor_invalid"),
        ({"cursor": write_cursor("last_seen_at", "desc", "a", "b")}, "cursor_invalid"),
        ({"sort": "revenue", "cursor": write_cursor("revenue", "desc", "1' OR 1", "b")}, "cursor_invalid"),
        ({"sort": "revenue", "cursor": write_cursor("revenue", "desc", "1e5", "b")}, "cursor_invalid"),
    ],
)
def test_invalid_parameters_are_refused(ask: Ask, written: dict[str, str], code: str) -> None:
    response = ask("people", "profiles", **bound("profiles", written))
    assert (response.status_code, response.json()["error"]["code"]) == (400, code)


def test_one_profile_tells_its_cohorts_and_devices(answer: Answer) -> None:
    told = answer("people", f"profiles/{quote(ANN, safe='')}")
    (listed,) = [row for row in answer("people", "profiles") if row["profile_id"] == ANN]
    assert {name: told[name] for name in listed if name != "groups"} == {
        name: value for name, value in listed.items() if name != "groups"
    }
    assert told["groups"] == [
        {"group_id": "acme/1", "type": "company", "name": "Acme Ltd"},
        {"group_id": "other", "type": "", "name": ""},
    ]
    joined = {"joined_at": "2026-06-01T10:00:00.000Z", "left_at": None}
    assert told["cohorts"] == [{"cohort_id": "readers", "name": "Readers"} | joined]
    assert told["devices"] == [{"device_id": "d1", "valid_from": "1970-01-01T00:00:00.000Z", "valid_to": None}]
    nobody = answer("people", "profiles/device%3Ad4")
    assert (nobody["is_identified"], nobody["devices"]) == (False, [])


def test_ids_are_read_as_they_are_escaped(ask: Ask, answer: Answer, world: World) -> None:
    assert answer("people", f"profiles/{quote('ärger')}")["name"] == "Ägidius"
    # Once decoded the slash is part of the id, under the base path too.
    path = f"/insights/{world.projects['people'].project_id}/profiles/{quote(ANN, safe='')}"
    based = httpx.get(f"{world.url}/api/v1{path}", headers=world.keys["people"])
    assert based.json()["data"]["profile_id"] == ANN
    assert ask("people", "profiles/a/b%2F%20c").status_code == 404
    assert ask("people", f"profiles/{quote('a/b/ c', safe='')}").json()["error"]["code"] == "profile_unknown"


def test_a_timeline_is_what_the_profile_did_from_the_newest_on(answer: Answer, ask: Ask) -> None:
    address = f"profiles/{quote(ANN, safe='')}/timeline"
    rows = answer("people", address)
    assert [(row["name"], row["path"], row["created_at"]) for row in rows] == [
        ("screen_view", "/late", "2026-06-01T23:30:00.000Z"),
        *(
            sorted(
                [(row["name"], row["path"], "2026-06-01T10:00:00.000Z") for row in rows[1:]],
                reverse=rows[1]["path"] == "/",
            )
        ),
    ]
    order = next(row for row in rows if row["name"] == "order")
    assert (order["revenue"], order["groups"], order["properties"]) == (12.5, ["acme/1"], {"sku": HOSTILE})
    assert (
        order["session_id"]
        == answer("people", "sessions", startDate="2026-06-01", endDate="2026-06-01")[0]["session_id"]
    )
    # When it was half past eleven on 1 June in London, it was 2 June in Berlin.
    assert [row["path"] for row in answer("people", address, startDate="2026-06-02", endDate="2026-06-02")] == ["/late"]
    bought = '[{"name": "name", "operator": "is", "value": "order"}]'
    assert len(answer("people", address, filters=bought)) == 1
    assert answer("people", f"profiles/{quote('ärger')}/timeline") == []
    assert ask("people", "profiles/nobody/timeline").status_code == 404


@pytest.mark.parametrize("question", ["profiles/person1/timeline", "sessions/{session}"])
def test_pages_of_events_hold_every_event_once(ask: Ask, answer: Answer, question: str) -> None:
    def events(data: Any) -> list[dict[str, Any]]:
        return data["events"] if isinstance(data, dict) else data  # type: ignore[no-any-return]

    season = {"startDate": "2026-01-01", "endDate": "2026-06-30"}
    longest = max(answer("random", "sessions", **season), key=lambda row: row["event_count"])
    address = question.format(session=longest["session_id"])
    found, cursor = list[str](), None
    while True:
        told = ask("random", address, limit=3, **({} if cursor is None else {"cursor": cursor})).json()
        assert len(events(told["data"])) <= 3
        found += [row["event_id"] for row in events(told["data"])]
        cursor = told["meta"]["nextCursor"]
        if cursor is None:
            break
    assert found == [row["event_id"] for row in events(answer("random", address))]
    assert len(set(found)) == len(found) > 3


def test_a_session_is_told_with_its_events_in_order(answer: Answer) -> None:
    may = {"startDate": "2026-05-01", "endDate": "2026-05-31"}
    listed = answer("shop", "sessions", **may)[3]
    told = answer("shop", f"sessions/{listed['session_id']}")
    events = told.pop("events")
    assert told == listed
    assert [(event["name"], event["path"], event["profile_id"]) for event in events] == [
        ("screen_view", "/", "ann"),
        ("screen_view", "/order", "ann"),
        ("order", "", "ann"),
    ]
    assert {event["session_id"] for event in events} == {listed["session_id"]}


@pytest.mark.parametrize(
    ("question", "status", "code"),
    [
        ("sessions/1", 404, "session_unknown"),
        ("sessions/99999999999999999999", 404, "session_unknown"),
        ("sessions/abc", 400, "session_invalid"),
        ("profiles/nobody", 404, "profile_unknown"),
    ],
)
def test_an_unknown_id_is_refused(ask: Ask, question: str, status: int, code: str) -> None:
    response = ask("shop", question)
    assert (response.status_code, response.json()["error"]["code"]) == (status, code)


def test_people_and_sessions_of_another_project_are_unknown(ask: Ask, answer: Answer) -> None:
    session = answer("shop", "sessions", startDate="2026-05-01", endDate="2026-05-31")[0]["session_id"]
    cursor = ask("shop", "profiles", limit=1).json()["meta"]["nextCursor"]
    assert answer("empty", "profiles", cursor=cursor) == []
    for question in (f"sessions/{session}", "profiles/ann", "profiles/ann/timeline"):
        assert ask("shop", question).status_code == 200
        assert ask("empty", question).status_code == 404
