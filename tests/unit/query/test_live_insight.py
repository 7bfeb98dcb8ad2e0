"""LiveInsight's questions: the key's own project, in its shapes."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from event_lens.warehouse.client import Warehouse
from tests.spec.landing import land, rows_of
from tests.spec.rows import Project
from tests.unit.query.sample_projects import World

MAY = {"startDate": "2026-05-01", "endDate": "2026-05-31"}


def get(world: World, path: str, headers: dict[str, str], **written: str) -> httpx.Response:
    return httpx.get(f"{world.url}/api/{path}", headers=headers, params=written)


def token_of(world: World, name: str) -> str:
    key = world.keys[name]
    return f"{key['openpanel-client-id']}:{key['openpanel-client-secret']}"


@pytest.fixture
def now_active(world: World, warehouse: Warehouse) -> Iterator[int]:
    """Visits of the project `live` that last until now; the instant of now."""
    now = round(datetime.now(UTC).timestamp()) * 1000
    project = world.projects["live"]
    sent = Project(project.project_id)
    minute = 60_000
    sent.view(now - 90 * minute, "/", "d1", client_session_id="s1", referrer="https://old.example/", user_agent="A")
    sent.view(now - 50 * minute, "/", "d1", client_session_id="s1", referrer="https://new.example/", user_agent="A")
    sent.view(now - 25 * minute, "/a", "d1", client_session_id="s1", user_agent="A")
    sent.view(now - minute, "/b", "d1", client_session_id="s1", user_agent="A")
    sent.view(now - 2 * minute, "/", "d2", user_agent="B")
    sent.view(now - 6 * minute, "/", "d3")
    sent.view(now - minute, "/", "d4", is_bot=True)
    land(warehouse, rows_of([sent]), [])
    yield now
    warehouse.command(
        "DELETE FROM lens_raw.batches WHERE batch_id NOT IN (SELECT batch_id FROM lens_staging.built_batches)"
    )


def test_active_sessions_are_told_with_their_beginning(world: World, now_active: int) -> None:
    told = get(world, "realtime", {"X-API-Key": token_of(world, "live")}).json()

    def at(minutes: int) -> str:
        moment = datetime.fromtimestamp(now_active / 1000 - minutes * 60, UTC)
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    assert told == {
        "status": "success",
        "data": {
            "active_sessions": 2,
            "sessions": [
                {
                    "session_id": "s1",
                    "start_time": at(50),
                    "last_activity": at(1),
                    "user_agent": "A",
                    "initial_referrer": "https://new.example/",
                },
                {
                    "session_id": "d2",
                    "start_time": at(2),
                    "last_activity": at(2),
                    "user_agent": "B",
                    "initial_referrer": "",
                },
            ],
        },
    }


@pytest.mark.parametrize("scheme", ["key", "bearer", "headers"])
def test_stats_are_those_of_the_keys_project(world: World, scheme: str) -> None:
    headers = {
        "key": {"X-API-Key": token_of(world, "shop")},
        "bearer": {"Authorization": f"Bearer {token_of(world, 'shop')}"},
        "headers": world.keys["shop"],
    }[scheme]
    told: dict[str, Any] = get(world, "stats", headers, **MAY).json()
    assert told["status"] == "success"
    assert {name: told["data"][name] for name in ("total_events", "total_sessions", "page_views")} == {
        "total_events": 13,
        "total_sessions": 5,
        "page_views": 10,
    }


def test_refusals_have_live_insights_shape(world: World) -> None:
    for headers, written, status in (
        ({}, {}, 401),
        ({"X-API-Key": "read_unknown:secret"}, {}, 401),
        ({"X-API-Key": token_of(world, "shop write")}, {}, 403),
        ({"X-API-Key": token_of(world, "shop")}, {"range": "week"}, 400),
        ({"X-API-Key": token_of(world, "shop")}, {"project": "empty"}, 400),
    ):
        response = get(world, "stats", headers, **written)
        assert (response.status_code, set(response.json())) == (status, {"status", "message"}), response.text
        assert response.json()["status"] == "error"
