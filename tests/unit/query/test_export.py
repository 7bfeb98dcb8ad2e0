"""Exports and the client for notebooks."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import httpx
import polars
import pytest

from event_lens.errors import Refused, Unavailable
from query.client import Api, Client
from query.local_source import Direct
from query.report_context import Subject
from tests.ports import free_port
from tests.unit.query.reference.sessions import history
from tests.unit.query.sample_projects import HOSTILE, World

SEASON = {"startDate": "2026-01-01", "endDate": "2026-06-30"}


def export(world: World, name: str, file: str, **written: str) -> httpx.Response:
    path = f"{world.url}/export/{world.projects[name].project_id}/{file}"
    return httpx.get(path, headers=world.keys[name], params=written)


def api(world: World, name: str) -> Client:
    key = world.keys[name]
    project_id = world.projects[name].project_id
    return Client(Api(world.url, project_id, key["openpanel-client-id"], key["openpanel-client-secret"]))


@pytest.mark.parametrize("format", ["ndjson", "csv", "parquet"])
@pytest.mark.parametrize("table", ["events", "sessions", "profiles"])
def test_every_row_of_a_table_is_in_its_file_once(world: World, tmp_path: Path, table: str, format: str) -> None:
    found = history(world.projects["random"])
    response = export(world, "random", f"{table}.{format}", **({} if table == "profiles" else SEASON))
    assert response.status_code == 200, response.text
    target = tmp_path / f"{table}.{format}"
    target.write_bytes(response.content)
    readers: dict[str, Callable[[Path], polars.DataFrame]] = {
        "ndjson": polars.read_ndjson,
        "csv": polars.read_csv,
        "parquet": polars.read_parquet,
    }
    frame = readers[format](target)
    expected = {
        "events": {event["event_id"] for event in found.events},
        "sessions": {f"{session.key[0]}" for session in found.sessions},
        "profiles": {event["profile"] for event in found.events},
    }[table]
    key = {"events": "event_id", "sessions": "device_id", "profiles": "profile_id"}[table]
    counts = {"events": len(found.events), "sessions": len(found.sessions), "profiles": len(expected)}
    assert frame.height == counts[table]
    assert set(frame[key]) == expected


def test_instants_ids_and_properties_are_written_so_that_nothing_is_lost(world: World) -> None:
    lines = [json.loads(line) for line in export(world, "plain", "events.ndjson", **SEASON).text.splitlines()]
    bought = next(line for line in lines if line["name"] == "purchase" and line["currency"] == "EUR")
    assert bought["created_at"] == "2026-03-02T10:03:00.000Z"
    assert bought["revenue"] == 20.5
    assert isinstance(bought["session_id"], str)
    assert bought["properties"] == {"plan": "pro", "n": 7}
    assert HOSTILE in [line["properties"].get("plan") for line in lines]
    rows = list(csv.DictReader(io.StringIO(export(world, "plain", "events.csv", **SEASON).text, newline="")))
    assert HOSTILE in [json.loads(row["properties"]).get("plan") for row in rows]


def test_an_export_is_of_the_local_days_of_the_period(world: World) -> None:
    lines = export(world, "kolkata", "events.ndjson", startDate="2026-03-10", endDate="2026-03-10").text.splitlines()
    assert [json.loads(line)["path"] for line in lines] == ["/after"]


@pytest.mark.parametrize("file", ["events", "events.xlsx", "clients.csv", "events.csv.csv", "..%2Fevents.csv", "'"])
def test_another_file_is_refused(world: World, file: str) -> None:
    response = export(world, "plain", file)
    assert response.status_code in (400, 404)
    assert set(response.json()) == {"error"}


def test_the_client_gives_frames(world: World) -> None:
    client = api(world, "plain")
    assert client.frame("metrics", **SEASON)["total_events"].to_list() == [8]
    series = client.timeseries(startDate="2026-03-02", endDate="2026-03-03")
    assert series.schema["date"] == polars.Date
    assert series["total_events"].to_list() == [4, 4]
    retention = client.retention(period="day", startDate="2026-03-02", endDate="2026-03-03", periods=1)
    # ann (with d1 from its first event on), d2; d3 the day after
    assert retention.select("size", "period_number", "retained").rows() == [(2, 0, 2), (2, 1, 1), (1, 0, 1), (1, 1, 0)]
    steps = client.funnel([{"name": "screen_view"}, {"name": "purchase"}], **SEASON)
    assert steps["count"].to_list() == [2, 1]
    only = [{"name": "name", "operator": "is", "value": ["purchase"]}]
    assert client.frame("events", filters=only, **SEASON)["events"].to_list() == [2]
    assert client.retention(period="day", startDate="2025-01-01", endDate="2025-01-02").is_empty()


def test_the_client_gives_the_same_straight_from_the_warehouse(
    world: World, warehouse_url: str, tmp_path: Path
) -> None:
    project = world.projects["random"]
    direct = Client(Direct(warehouse_url, Subject(project.project_id, ZoneInfo(project.timezone), "")))
    over_http = api(world, "random")
    for question in ("metrics", "timeseries", "pages", "pages/entry", "referrers", "geo", "events", "ingest"):
        assert direct.frame(question, **SEASON).equals(over_http.frame(question, **SEASON)), question
    assert direct.retention(period="week", **SEASON).equals(over_http.retention(period="week", **SEASON))
    steps: list[dict[str, Any]] = [{"name": "a"}, {"name": "b"}]
    assert direct.funnel(steps, **SEASON).equals(over_http.funnel(steps, **SEASON))
    file = direct.export("events.parquet", tmp_path / "events.parquet", **SEASON)
    with duckdb.connect() as engine:
        counted = engine.execute("select count(*) from read_parquet(?)", [str(file)]).fetchall()
    assert counted == [(len(history(project).events),)]


def test_the_client_raises_what_the_api_refuses(world: World, tmp_path: Path) -> None:
    client = api(world, "plain")
    with pytest.raises(Refused) as refused:
        client.frame("metrics", range="soon")
    assert refused.value.code == "range_invalid"
    with pytest.raises(Refused):
        client.export("clients.csv", tmp_path / "clients.csv")
    with pytest.raises(Unavailable):
        Client(Api(f"http://127.0.0.1:{free_port()}", "p", "id", "secret")).frame("metrics")
