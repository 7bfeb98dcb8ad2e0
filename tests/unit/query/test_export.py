"""Exports."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import httpx
import polars
import pytest

from tests.unit.query.sample_projects import HOSTILE, World

SEASON = {"startDate": "2026-01-01", "endDate": "2026-06-30"}


def export(world: World, name: str, file: str, **written: str) -> httpx.Response:
    path = f"{world.url}/export/{world.projects[name].project_id}/{file}"
    return httpx.get(path, headers=world.keys[name], params=written)


@pytest.mark.parametrize("format", ["ndjson", "csv", "parquet"])
@pytest.mark.parametrize("table", ["events", "sessions", "profiles"])
def test_every_row_of_a_table_is_in_its_file_once(world: World, tmp_path: Path, table: str, format: str) -> None:
    found = world.history("random")
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
