"""Sessions one by one: by hand, page by page, and as the plainest SQL on `lens` says."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from event_lens.warehouse.client import Warehouse
from query.paging import write_cursor
from tests.unit.query.examples import bound
from tests.unit.query.sample_projects import World

Answer = Callable[..., Any]
Ask = Callable[..., httpx.Response]
MAY = {"startDate": "2026-05-01", "endDate": "2026-05-31"}
SEASON = {"startDate": "2026-01-01", "endDate": "2026-06-30"}
PLAINEST = """
SELECT toString(session_id) AS session_id, event_count FROM lens.sessions
WHERE project_id = {project:String} ORDER BY started_at DESC, sessions.session_id DESC
"""


def test_the_newest_session_comes_first_with_all_that_is_known_of_it(answer: Answer) -> None:
    rows = answer("shop", "sessions", **MAY)
    assert [(row["started_at"], row["device_id"]) for row in rows] == [
        ("2026-05-06T10:00:00.000Z", "d1"),
        ("2026-05-05T13:00:00.000Z", "d3"),
        ("2026-05-05T12:00:00.000Z", "d2"),
        ("2026-05-05T10:00:00.000Z", "d1"),
        ("2026-05-04T10:00:00.000Z", "d1"),
    ]
    bought = rows[3]
    assert isinstance(bought.pop("session_id"), str)
    assert bought == {
        "device_id": "d1",
        "profile_id": "ann",
        "is_identified": True,
        "started_at": "2026-05-05T10:00:00.000Z",
        "ended_at": "2026-05-05T10:10:00.000Z",
        "duration_seconds": 600,
        "screen_view_count": 2,
        "event_count": 3,
        "is_bounce": False,
        "entry_path": "/",
        "exit_path": "/order",
        "revenue": 30.0,
        "referrer_name": "Google",
        "referrer_type": "search",
        "channel": "Organic Search",
        "country": "DE",
        "region": "BE",
        "city": "Berlin",
        "os": "iOS",
        "browser": "Safari",
        "device": "mobile",
    } | dict.fromkeys(("utm_source", "utm_medium", "utm_campaign"), "")


def test_filters_of_sessions_and_of_events_hold(answer: Answer) -> None:
    def devices(name: str, value: str) -> list[str]:
        filters = json.dumps([{"name": name, "operator": "is", "value": [value]}])
        return [row["device_id"] for row in answer("shop", "sessions", filters=filters, **MAY)]

    assert devices("utm_source", "news") == ["d1"]
    assert devices("name", "order") == ["d1", "d2", "d1"]


def test_pages_hold_every_session_once(ask: Ask, world: World, warehouse: Warehouse) -> None:
    found, cursor = list[dict[str, Any]](), None
    while True:
        told = ask("random", "sessions", limit=17, **SEASON, **({} if cursor is None else {"cursor": cursor})).json()
        assert len(told["data"]) <= 17
        found += told["data"]
        cursor = told["meta"]["nextCursor"]
        if cursor is None:
            break
    expected = warehouse.rows(PLAINEST, {"project": world.projects["random"].project_id})
    assert [{name: row[name] for name in ("session_id", "event_count")} for row in found] == expected
    assert len(found) > 34


@pytest.mark.parametrize(
    "cursor", ["?", "e30", write_cursor(0), write_cursor(0, "x"), write_cursor(-1, "1"), write_cursor(0, "1'")]
)
def test_text_that_is_not_a_cursor_is_refused(ask: Ask, cursor: str) -> None:
    for written in ({"cursor": cursor}, bound("sessions", {"cursor": cursor})):
        response = ask("shop", "sessions", **written)
        assert (response.status_code, response.json()["error"]["code"]) == (400, "cursor_invalid")
