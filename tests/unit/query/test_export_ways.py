"""The ways in which an export goes out: formats, packed, in pieces that are taken up again, cells of spreadsheets."""

import csv
import gzip
import io
import json
from collections.abc import Callable
from typing import Any

import httpx
import polars
import pytest
import zstandard

from event_lens.warehouse.client import Warehouse
from query.client.frame import Frame
from query.csv_text import as_csv_text
from query.export import INSTANTS, LISTS, NUMBERS, read_export, written_value
from query.reports import REPORTS
from query.tables import EXPORTED
from tests.unit.query.sample_projects import World
from tests.unit.query.test_export import SEASON, export

IDS = {"events": "event_id", "sessions": "session_id", "profiles": "profile_id"}


def days(table: str) -> dict[str, str]:
    return {} if table == "profiles" else SEASON


def lines_of(content: bytes) -> list[bytes]:
    return [line.rstrip(b",") for line in content.splitlines()]


def rows(world: World, file: str, **written: str) -> list[Any]:
    response = export(world, "random", file, **written)
    assert response.status_code == 200, response.text
    return [json.loads(line) for line in response.text.splitlines()]


@pytest.mark.parametrize("table", IDS)
def test_json_is_one_array_and_arrow_a_stream_of_the_same_rows(world: World, table: str) -> None:
    listed = rows(world, f"{table}.ndjson", **days(table))
    array = export(world, "random", f"{table}.json", **days(table)).json()
    order: Callable[[Any], str] = lambda row: json.dumps(row, sort_keys=True)  # noqa: E731
    assert sorted(array, key=order) == sorted(listed, key=order)
    frame = polars.read_ipc_stream(export(world, "random", f"{table}.arrow", **days(table)).content)
    assert frame.columns == list(EXPORTED[table])  # type: ignore[index]
    assert sorted(frame[IDS[table]]) == sorted(row[IDS[table]] for row in listed)


@pytest.mark.parametrize("format", ["csv", "json"])
def test_events_have_short_addresses(world: World, format: str) -> None:
    assert read_export(format) == ("events", format)
    response = export(world, "plain", format, **SEASON)
    assert response.headers["content-disposition"] == f'attachment; filename="events.{format}"'
    same = export(world, "plain", f"events.{format}", **SEASON).content
    assert sorted(lines_of(response.content)) == sorted(lines_of(same))


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [("gzip", "gzip"), ("gzip, zstd", "zstd"), ("zstd;q=0, gzip", "gzip"), ("br", ""), ("", "")],
)
def test_a_file_is_packed_as_its_client_takes_it(world: World, accepted: str, encoding: str) -> None:
    url = f"{world.url}/export/{world.projects['random'].project_id}/events.csv"
    headers = world.keys["random"] | {"accept-encoding": accepted}
    with httpx.stream("GET", url, headers=headers, params=SEASON) as response:
        packed = b"".join(response.iter_raw())
        assert response.headers.get("content-encoding", "") == encoding
    unpack: dict[str, Callable[[bytes], bytes]] = {
        "gzip": gzip.decompress,
        "zstd": lambda data: zstandard.ZstdDecompressor().decompressobj().decompress(data),
        "": bytes,
    }
    lines = unpack[encoding](packed).splitlines()
    assert sorted(lines) == sorted(export(world, "random", "events.csv", **SEASON).content.splitlines())


@pytest.mark.parametrize("table", IDS)
def test_an_export_that_was_cut_is_taken_up_after_its_last_row(world: World, table: str) -> None:
    whole = rows(world, f"{table}.ndjson", cursor="", **days(table))
    unordered = rows(world, f"{table}.ndjson", **days(table))
    assert sorted(row[IDS[table]] for row in whole) == sorted(row[IDS[table]] for row in unordered)
    taken, cursor = [], ""
    while page := rows(world, f"{table}.ndjson", cursor=cursor, limit=str(len(whole) // 4 + 1), **days(table)):
        taken += page
        cursor = page[-1][IDS[table]]
    assert taken == whole


def test_a_cursor_that_names_no_row_is_refused(world: World) -> None:
    of_another = rows(world, "events.ndjson", **SEASON)[0]["event_id"]
    for name, file, cursor in (
        ("random", "events.ndjson", "x"),
        ("plain", "events.ndjson", of_another),
        ("random", "sessions.csv", "12"),
        ("random", "sessions.csv", "-1"),
        ("random", "sessions.csv", "1_2"),
        ("random", "sessions.csv", str(1 << 64)),
        ("random", "profiles.csv", "nobody"),
    ):
        response = export(world, name, file, cursor=cursor)
        assert (response.status_code, response.json()["error"]["code"]) == (400, "cursor_invalid"), file


def test_exported_members_of_a_cohort_equal_those_of_the_report(world: World) -> None:
    members = rows(world, "cohort_members.ndjson", cohort="active", asOf="2026-01-20")
    path = f"{world.url}/insights/{world.projects['random'].project_id}/cohorts/active/members"
    listed = httpx.get(path, headers=world.keys["random"], params={"asOf": "2026-01-20"}).json()["data"]
    assert members
    assert sorted((row["profile_id"], row["left_at"]) for row in members) == [
        (row["profile_id"], row["left_at"]) for row in listed
    ]
    stay = export(world, "shop", "cohort_members.ndjson", cohort="buyers", asOf="2026-06-01").text.splitlines()
    assert [json.loads(line)["left_at"] for line in stay] == [None, None]


def test_an_export_of_an_unknown_or_missing_cohort_is_refused(world: World) -> None:
    path = f"{world.url}/insights/{world.projects['random'].project_id}/cohorts"
    for cohort in ("buyers", "nothing", "it's"):
        for written in ({}, {"cursor": ""}, {"cursor": "nobody"}, {"limit": "1"}):
            refused = export(world, "random", "cohort_members.csv", cohort=cohort, **written)
            told = httpx.get(f"{path}/{cohort}/members", headers=world.keys["random"])
            assert (refused.status_code, refused.json()) == (404, told.json())
            assert refused.json()["error"]["code"] == "cohort_unknown"
    missing = export(world, "random", "cohort_members.csv").json()["error"]
    assert missing["code"] == "cohort_invalid"
    assert "address" not in missing["message"]


def test_an_export_of_a_cohort_without_members_is_empty(world: World) -> None:
    assert rows(world, "cohort_members.ndjson", cohort="active", asOf="2020-01-01") == []
    unknown = export(world, "random", "cohort_members.csv", cohort="active", cursor="nobody")
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (400, "cursor_invalid")


def test_filters_and_limit_are_obeyed(world: World) -> None:
    filters = json.dumps([{"name": "name", "operator": "is", "value": ["a"]}])
    found = rows(world, "events.ndjson", filters=filters, limit="3", **SEASON)
    assert [row["name"] for row in found] == ["a", "a", "a"]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_text_column_of_a_csv_begins_like_a_formula(warehouse: Warehouse, start: str) -> None:

    for table, columns in EXPORTED.items():
        texts = [column for column in columns if column not in (*INSTANTS, *NUMBERS, *LISTS)]
        given = ", ".join(f"{{cell:String}} AS {column}" for column in texts)
        written = ", ".join(f"{written_value(column, 'csv')} AS {column}" for column in texts)
        (row,) = warehouse.rows(f"SELECT {written} FROM (SELECT {given})", {"cell": f"{start}1"})
        assert set(row.values()) == {f"'{start}1"}, table


def test_columns_that_are_not_guarded_are_not_text(warehouse: Warehouse, world: World) -> None:
    for table, columns in EXPORTED.items():
        kinds = {row["name"]: row["type"] for row in warehouse.rows(f"DESCRIBE TABLE lens.{table}")}
        for column in columns:
            if column in NUMBERS:
                assert "String" not in kinds[column], f"{table}.{column}"


@pytest.mark.parametrize("text", ["buy\r=1+1", "buy\n=1+1", 'say "hi"', "\r\n", "a,b"])
def test_a_text_stays_in_its_cell_of_a_csv(text: str) -> None:
    made = Frame(polars.DataFrame({"name": ["a", text]}))
    made.previous = None
    read = list(csv.reader(io.StringIO(as_csv_text(REPORTS["events"], made), newline="")))
    assert read == [["name"], ["a"], [f"'{text}" if text.startswith("\r") else text]]


def test_a_report_is_answered_as_csv(world: World) -> None:
    url = f"{world.url}/insights/{world.projects['random'].project_id}"
    period = {"startDate": "2026-01-05", "endDate": "2026-01-25"}
    told = httpx.get(f"{url}/timeseries", headers=world.keys["random"], params=period).json()["data"]
    response = httpx.get(f"{url}/timeseries", headers=world.keys["random"], params=period | {"format": "csv"})
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    read = list(csv.DictReader(io.StringIO(response.text)))
    assert [(row["date"], int(row["total_events"])) for row in read] == [(r["date"], r["total_events"]) for r in told]
    funnel = {"steps": [{"name": "a"}, {"name": "b"}]} | {"startDate": "2026-01-05", "endDate": "2026-02-25"}
    asked = httpx.post(f"{url}/funnel", headers=world.keys["random"], json=funnel, params={"format": "csv"})
    assert [row["name"] for row in csv.DictReader(io.StringIO(asked.text))] == ["a", "b"]
    refused = httpx.get(f"{url}/metrics", headers=world.keys["random"], params={"format": "xml"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "format_invalid")
