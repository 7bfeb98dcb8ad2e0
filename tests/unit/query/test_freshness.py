"""How fresh an answer is, live visitors, and what happens while the warehouse is away."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from event_lens.clock import now_ms
from event_lens.registry.database import Registry, open_registry
from event_lens.registry.projects import change_project, create_project, find_project
from event_lens.settings import read_settings
from event_lens.warehouse.built_settings import settings_of
from event_lens.warehouse.client import Warehouse
from orchestration.assets.noted_checks import Finding, note_findings
from orchestration.planning.set_aside import Failure, set_aside, take_back
from query.client import connect
from query.reports import REPORTS
from tests.spec.landing import land, mark_built, rows_of
from tests.spec.rows import Project, moment
from tests.unit.query.conftest import NOTE_BUILD, QueryServer, make_key
from tests.unit.query.examples import request
from tests.unit.query.sample_projects import WAITING_MESSAGE, World

Answer = Callable[..., Any]


def complete_through(server: QueryServer, project_id: str, key: dict[str, str]) -> datetime | None:
    meta = httpx.get(f"{server.url}/insights/{project_id}/metrics", headers=key).json()["meta"]
    return datetime.fromisoformat(meta["completeThrough"]) if meta["completeThrough"] else None


def within_seconds(ask: Callable[[], httpx.Response], is_there: Callable[[httpx.Response], bool]) -> httpx.Response:
    """Asks until the answer fits: freshness is up to a second old. Fails with the last answer."""
    deadline = time.monotonic() + 5
    while not is_there(response := ask()):
        assert time.monotonic() < deadline, response.text
    return response


def meta_of(response: httpx.Response) -> dict[str, Any]:
    meta: dict[str, Any] = response.json()["meta"]
    return meta


def test_complete_through_is_null_then_now_then_the_instant_before_what_waits(
    tmp_path: Path, start_embedded: Callable[[Path], Any], start_query: Callable[..., QueryServer]
) -> None:
    embedded = start_embedded(tmp_path).wait()
    registry = open_registry(read_settings({"EVENTLENS_HOME": str(tmp_path)}))
    project_id = create_project(registry, "fresh").project_id
    key = make_key(registry, project_id)
    registry.close()
    server = start_query(tmp_path, embedded.url)
    # Nothing was ever built: there are no tables, so there is nothing to count.
    response = httpx.get(f"{server.url}/insights/{project_id}/timeseries?range=2d", headers=key)
    assert [row["total_events"] for row in response.json()["data"]] == [0, 0]
    assert complete_through(server, project_id, key) is None
    with Warehouse(embedded.url) as warehouse:
        warehouse.command("INSERT INTO lens_staging.builds VALUES ('build', now64(3))")
        warehouse.command("INSERT INTO lens_staging.built_batches VALUES ('first', 'build', now64(3))")
        warehouse.command("CREATE TABLE lens.metrics_daily (project_id String, day Date) ORDER BY day")
        warehouse.command("DROP TABLE lens.metrics_daily")
        before = datetime.now(UTC)
        row = b'{"batch_id": "first", "table_name": "lens_raw.events", "landed_at": "1750000000.000", "row_count": 1}'
        warehouse.insert_lines("lens_raw.batches", row, token="first")
        broken = within_seconds(
            lambda: httpx.get(f"{server.url}/insights/{project_id}/metrics", headers=key),
            # A built warehouse that lacks a table was built by an earlier version; the error does not name the tables.
            lambda response: response.status_code == 503,
        )
        assert broken.json()["error"]["code"] == "tables_outdated"
        assert "lens." not in broken.json()["error"]["message"]
        live = httpx.get(f"{server.url}/insights/{project_id}/live", headers=key).json()
        assert datetime.fromisoformat(live["meta"]["completeThrough"]) >= before.replace(microsecond=0)
    server.stop()
    embedded.stop()


def test_complete_through_stops_before_the_oldest_batch_that_waits(
    warehouse: Warehouse, world: World, ask: Answer
) -> None:
    row = b'{"batch_id": "waits-%d", "table_name": "lens_raw.events", "landed_at": "1000000000.000", "row_count": 1}'
    name = now_ms()
    warehouse.insert_lines("lens_raw.batches", row % name, token=f"waits-{name}")
    before = "2001-09-09T01:46:39.999Z"
    try:
        within_seconds(lambda: ask("plain", "metrics"), lambda response: meta_of(response)["completeThrough"] == before)
    finally:
        warehouse.command(NOTE_BUILD)
        warehouse.command(
            "INSERT INTO lens_staging.built_batches VALUES ({batch:String}, 'query tests', now64(3))",
            {"batch": f"waits-{name}"},
        )
    after_build = within_seconds(
        lambda: ask("plain", "metrics"), lambda response: meta_of(response)["completeThrough"] != before
    )
    assert meta_of(after_build)["cached"] is False
    assert meta_of(ask("plain", "metrics"))["cached"] is True


def test_a_project_that_builds_leave_out_says_so_and_claims_no_more_than_it_has(
    warehouse: Warehouse, world: World, ask: Answer
) -> None:
    project_id = world.projects["plain"].project_id
    failure = Failure("profiles", "Memory of 'another': too much. (MEMORY_LIMIT_EXCEEDED) (version 26)", "build", "1")
    set_aside(warehouse, [project_id], failure, {}, 1_000_000_000_000)
    warehouse.command(
        "INSERT INTO lens_staging.pending_days (project_id, days, landed_at) VALUES "
        "({project:String}, ['2026-03-04', '2026-03-02'], now64(3)), ({project:String}, [], now64(3))",
        {"project": project_id},
    )
    try:
        told = within_seconds(lambda: ask("plain", "metrics"), lambda response: "setAside" in meta_of(response))
        other, metrics = ask("kolkata", "metrics"), httpx.get(f"{world.url}/metrics").text
    finally:
        take_back(warehouse, project_id, now_ms())
        warehouse.command("TRUNCATE TABLE lens_staging.pending_days")
    assert meta_of(told)["pendingDays"] == {"first": "2026-03-02", "last": "2026-03-04"}
    assert meta_of(told)["setAside"] == {
        "since": "2001-09-09T01:46:40.000Z",
        "reason": "profiles failed: MEMORY_LIMIT_EXCEEDED",
    }
    assert meta_of(told)["completeThrough"] == "2001-09-09T01:46:39.999Z"
    assert "setAside" not in meta_of(other)
    assert meta_of(other)["completeThrough"] > meta_of(told)["completeThrough"]
    assert "eventlens_projects_set_aside 1.0" in metrics
    assert "eventlens_complete_through 0.0" not in metrics


def test_until_a_build_has_finished_answers_keep_to_the_settings_that_their_numbers_follow(
    warehouse: Warehouse, world: World, ask: Answer
) -> None:
    project_id = world.projects["kolkata"].project_id
    period = {"startDate": "2026-03-02", "endDate": "2026-03-03"}
    registry = open_registry(read_settings({"EVENTLENS_HOME": str(world.home)}))
    environ = {"EVENTLENS_HOME": str(world.home), "EVENTLENS_WAREHOUSE_URL": world.warehouse_url}
    before = ask("kolkata", "metrics", **period)
    try:
        end_build_of(warehouse, registry, project_id)
        assert "notes" not in meta_of(ask("kolkata", "metrics", **period))
        change_project(registry, project_id, timezone="UTC", currency="USD", session_timeout_seconds=60)
        during = within_seconds(
            lambda: ask("kolkata", "metrics", **period), lambda response: "notes" in meta_of(response)
        )
        other = ask("berlin", "metrics", **period)
        in_notebook = connect(project=project_id, environ=environ).metrics(
            start_date="2026-03-02", end_date="2026-03-03"
        )
        end_build_of(warehouse, registry, project_id)
        after = within_seconds(
            lambda: ask("kolkata", "metrics", **period), lambda response: "notes" not in meta_of(response)
        )
    finally:
        change_project(registry, project_id, timezone="Asia/Kolkata", currency="", session_timeout_seconds=1800)
        end_build_of(warehouse, registry, project_id)
        registry.close()
    assert during.json()["data"] == before.json()["data"]
    assert meta_of(during)["timezone"] == "Asia/Kolkata"
    assert meta_of(during)["pendingDays"] == {"first": None, "last": None}
    still_old = "A setting has changed: {}. Numbers follow the old value until a build has finished."
    assert meta_of(during)["notes"] == [
        still_old.format("timezone (Asia/Kolkata to UTC)"),
        still_old.format("currency (none to USD)"),
        still_old.format("session_timeout_seconds (1800 to 60)"),
    ]
    assert in_notebook.meta["notes"] == meta_of(during)["notes"]
    assert meta_of(after)["timezone"] == "UTC"
    assert {"pendingDays", "notes"}.isdisjoint(meta_of(other) | meta_of(after))


def end_build_of(warehouse: Warehouse, registry: Registry, project_id: str) -> None:
    """What the end of a build notes: the settings that the project's tables follow, and the build."""
    row = {
        "project_id": project_id,
        "settings_hash": 1,
        "built_at": now_ms() / 1000,
        **settings_of(find_project(registry, project_id)),
    }
    warehouse.insert_lines("lens_staging.built_projects", msgspec.json.encode(row), token=f"{project_id}-{now_ms()}")
    warehouse.command(NOTE_BUILD)


def test_an_answer_names_the_checks_that_failed_for_its_project_on_its_tables(
    warehouse: Warehouse, world: World, ask: Answer
) -> None:
    project_id = world.projects["plain"].project_id
    failed = Finding("rows_add_up", False, "error", frozenset({"metrics_daily"}), frozenset({project_id}))
    tag = ask("plain", "metrics").headers["etag"]
    note_findings(warehouse, [failed], "build", 1_000_000_000_000)
    try:
        told = within_seconds(lambda: ask("plain", "metrics"), lambda response: "failedChecks" in meta_of(response))
        other, of_another_table = ask("kolkata", "metrics"), ask("plain", "sessions")
    finally:
        note_findings(warehouse, [replace(failed, passed=True)], "build", now_ms())
    assert meta_of(told)["failedChecks"] == [
        {"name": "rows_add_up", "severity": "error", "since": "2001-09-09T01:46:40.000Z"}
    ]
    assert told.headers["etag"] != tag
    assert "failedChecks" not in meta_of(other) | meta_of(of_another_table)
    within_seconds(lambda: ask("plain", "metrics"), lambda response: "failedChecks" not in meta_of(response))


def test_live_counts_devices_of_the_last_five_minutes_from_raw(
    warehouse: Warehouse, world: World, answer: Answer
) -> None:
    project = Project(world.projects["empty"].project_id)
    now = now_ms()
    project.view(now - 60_000, "/a", "d1")
    project.view(now - 30_000, "/b", "d1")
    project.view(now - 30_000, "/a", "d2")
    project.event(now - 1000, "click", "d3")
    project.view(now - 301_000, "/old", "d4")
    project.view(now - 1000, "/bot", "d5").update(is_bot=True)
    project.event(now - 1000, "session_start", "d6")
    project.event(now - 1000, "job", "")
    land(warehouse, rows_of([project]), [])
    assert answer("empty", "live") == {
        "visitors": 3,
        "pages": [{"path": "/a", "visitors": 2}, {"path": "/b", "visitors": 1}],
    }


def test_an_unreachable_warehouse_is_503_until_it_is_back(
    tmp_path: Path, start_embedded: Callable[[Path], Any], start_query: Callable[..., QueryServer]
) -> None:
    registry = open_registry(read_settings({"EVENTLENS_HOME": str(tmp_path)}))
    project_id = create_project(registry, "away").project_id
    key = make_key(registry, project_id)
    registry.close()
    embedded = start_embedded(tmp_path)
    server = start_query(tmp_path, embedded.wait().url)
    path = f"{server.url}/insights/{project_id}/metrics"
    assert httpx.get(path, headers=key).status_code == 200
    embedded.stop()
    for away in (httpx.get(path, headers=key), httpx.get(f"{server.url}/ready")):
        assert away.status_code == 503
        assert int(away.headers["retry-after"]) >= 1
        assert set(away.json()) == {"error"}
    assert httpx.get(f"{server.url}/health").status_code == 200
    embedded.restart()
    deadline = time.monotonic() + 10
    while httpx.get(f"{server.url}/ready").status_code != 200:
        assert time.monotonic() < deadline
    assert httpx.get(path, headers=key).status_code == 200


def test_a_live_answer_counts_what_is_not_built_and_says_so(warehouse: Warehouse, world: World, ask: Answer) -> None:
    project = world.projects["waiting"]
    # An event that continues a built visit, which was a bounce; an event of a new device; and a copy of a built event.
    project.view("2026-03-10 10:20", "/b", "d1")
    project.view("2026-03-10 11:00", "/new", "d3", profile_id="ann")
    project.view("2026-03-10 10:00", "/a", "d2", received_at=moment("2026-03-10 10:05"), **WAITING_MESSAGE)
    period = {"startDate": "2026-03-10", "endDate": "2026-03-10"}
    built = ask("waiting", "metrics", **period).json()["data"]
    before = datetime.now(UTC).replace(microsecond=0)
    land(warehouse, rows_of([project])[-3:], [])
    try:
        metrics = ask("waiting", "metrics", freshness="live", **period).json()
        pages = ask("waiting", "pages", freshness="live", **period).json()["data"]
        again = ask("waiting", "metrics", freshness="built", **period).json()["data"]
    finally:
        mark_built(warehouse, [project])
    assert {name: (built[name], metrics["data"][name]) for name in built if built[name] != metrics["data"][name]} == {
        "unique_visitors": (2, 3),
        "people": (2, 3),
        "total_sessions": (2, 3),
        "total_screen_views": (2, 4),
        "total_events": (2, 4),
        "avg_session_duration": (0.0, 400.0),
        "bounce_rate": (100.0, 100 * 2 / 3),
        "views_per_session": (1.0, 4 / 3),
    }
    assert datetime.fromisoformat(metrics["meta"]["completeThrough"]) >= before
    assert metrics["meta"]["cached"] is False
    assert metrics["meta"]["notes"] == [
        "3 events of 3 devices are not built: raw tells of them.",
        "Owners are those of the last build: 1 links to profiles are not built. People are within so many of what the "
        "next build counts; what asks for a profile can differ by more.",
    ]
    assert [(row["path"], row["views"]) for row in pages] == [("/a", 2), ("/b", 1), ("/new", 1)]
    assert again == built


def test_a_live_answer_names_the_currencies_of_unbuilt_amounts(warehouse: Warehouse, world: World, ask: Answer) -> None:
    project = world.projects["live"]
    project.event("2026-03-10 10:00", "sale", "d-live", revenue="5", currency="GBP")
    land(warehouse, rows_of([project])[-1:], [])
    period = {"startDate": "2026-03-10", "endDate": "2026-03-10"}
    try:
        live = ask("live", "metrics", freshness="live", **period).json()
    finally:
        mark_built(warehouse, [project])
    assert live["data"]["total_revenue"] == 0
    assert live["meta"]["notes"][0] == (
        "Revenue in GBP is left out, because the project has no currency; the report `revenue` has it."
    )


@pytest.mark.parametrize("name", list(REPORTS))
def test_every_report_is_asked_live_or_says_that_it_cannot(ask: Answer, name: str) -> None:
    address, body, written = request(name)
    takes_it = "freshness" in {field.encode_name for field in msgspec.structs.fields(REPORTS[name].parameters)}
    live = {"freshness": "live"}
    response = ask("shop", address, body and body | live, **written if body else written | live)
    if takes_it:
        assert response.status_code == 200, response.text
        assert response.json()["data"] == ask("shop", address, body, **written).json()["data"]
    else:
        assert response.status_code == 400
        assert response.json()["error"]["code"] == "freshness_invalid"
