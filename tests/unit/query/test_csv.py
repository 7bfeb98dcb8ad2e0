"""CSV of reports: nothing that the answer has is missing in it."""

import csv
import io
import json
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import httpx
import pytest

from query.reports import REPORTS
from query.shapes import row_place
from tests.unit.query.examples import request
from tests.unit.query.sample_projects import World
from tests.unit.query.test_export import SEASON, export

Ask = Callable[..., httpx.Response]


def leaves(value: Any) -> Iterator[object]:
    """The values in a value, however deep. Numbers are floats, and instants datetimes."""
    if isinstance(value, (dict, list)):
        for each in value.values() if isinstance(value, dict) else value:
            yield from leaves(each)
    elif isinstance(value, str):
        yield known(value)
    else:
        yield None if value is None else float(value)


def names(value: Any) -> Iterator[str]:
    """The names of all fields in a value, without `dimensions`, whose own names are columns."""
    if isinstance(value, dict):
        yield from value.keys() - {"dimensions"}
    if isinstance(value, (dict, list)):
        for each in value.values() if isinstance(value, dict) else value:
            yield from names(each)


def known(text: str) -> object:
    for read in (float, datetime.fromisoformat):
        try:
            return read(text)
        except ValueError:
            continue
    return {"": None, "true": 1.0, "false": 0.0}.get(text, text)


def cell_leaves(text: str) -> Iterator[object]:
    """The leaves in a cell, which holds JSON where the answer has objects or lists."""
    try:
        yield from leaves(json.loads(text))
    except ValueError:
        yield known(text)


@pytest.mark.parametrize("name", REPORTS)
def test_a_csv_has_all_that_the_answer_has(ask: Ask, name: str) -> None:
    address, body, written = request(name)
    told = ask("shop", address, body, **written).json()
    answered = ask("shop", address, body, format="csv", **written)
    assert answered.status_code == 200, answered.text
    rows = list(csv.reader(io.StringIO(answered.text, newline="")))
    found = {leaf for row in rows for cell in row for leaf in cell_leaves(cell)}
    data = [told[each] for each in ("data", "previous") if each in told]
    assert set(leaves(data)) <= found
    of_rows, _ = row_place(REPORTS[name].answer)
    assert [field for field in set(names(data)) - {of_rows} if field not in answered.text] == []
    assert answered.headers.get("x-next-cursor") == told["meta"].get("nextCursor")


def test_an_answer_of_several_lists_is_one_table_without_loss(ask: Ask) -> None:
    told = ask("shop", "profiles/ann").json()["data"]
    rows = list(csv.DictReader(io.StringIO(ask("shop", "profiles/ann", format="csv").text, newline="")))
    lists = ("groups", "cohorts", "devices")
    assert len(rows) == sum(len(told[each]) for each in lists)
    assert {row["profile_id"] for row in rows} == {"ann"}
    assert [row["devices.device_id"] for row in rows if row["devices.device_id"]] == [
        each["device_id"] for each in told["devices"]
    ]
    assert json.loads(rows[0]["properties"]) == told["properties"]


def test_an_answer_without_items_is_one_row(ask: Ask) -> None:
    [row] = csv.DictReader(io.StringIO(ask("plain", "live", format="csv").text))
    assert row == {"visitors": "0", "pages.path": "", "pages.visitors": ""}


def test_a_comparison_has_both_periods_one_after_the_other(ask: Ask) -> None:
    written = {"startDate": "2026-03-03", "endDate": "2026-03-03", "compare": "previous"}
    told = ask("plain", "metrics", **written).json()
    rows = list(csv.DictReader(io.StringIO(ask("plain", "metrics", format="csv", **written).text)))
    assert [row["period"] for row in rows] == ["asked", "earlier"]
    assert [float(row["total_events"]) for row in rows] == [told[each]["total_events"] for each in ("data", "previous")]


def test_the_last_page_of_a_csv_has_no_cursor_of_a_next_one(ask: Ask) -> None:
    first = ask("shop", "profiles", limit=1, format="csv")
    rest = ask("shop", "profiles", limit=1000, cursor=first.headers["x-next-cursor"], format="csv")
    assert "x-next-cursor" not in rest.headers
    whole = ask("shop", "profiles", limit=1000, format="csv").text.splitlines()
    assert [*first.text.splitlines(), *rest.text.splitlines()[1:]] == whole


@pytest.mark.parametrize("interval", ["hour", "day", "month"])
def test_a_csv_of_a_body_has_the_dates_of_its_interval(ask: Ask, interval: str) -> None:
    body = {"metrics": ["total_events"], "interval": interval, "startDate": "2026-05-04", "endDate": "2026-05-06"}
    told = ask("shop", "query", body).json()["data"]
    answered = ask("shop", "query", body, format="csv")
    rows = list(csv.DictReader(io.StringIO(answered.text)))
    assert [known(row["date"]) for row in rows] == [known(row["date"]) for row in told]
    assert [float(row["metrics_total_events"]) for row in rows] == [row["metrics"]["total_events"] for row in told]


def test_cells_of_an_export_are_written_as_those_of_a_report(ask: Ask, world: World) -> None:
    """Instants, nulls, yes and no: a script that reads one file can read the other."""
    for question, written, file, of_export, id in (
        ("sessions", SEASON, "sessions.csv", SEASON, "session_id"),
        ("profiles", {}, "profiles.csv", {}, "profile_id"),
        ("cohorts/buyers/members", {"asOf": "2026-06-01"}, "cohort_members.csv", {"asOf": "2026-06-01"}, "profile_id"),
    ):
        told = ask("shop", question, format="csv", limit=1000, **written).text
        exported = export(world, "shop", file, **of_export, **({"cohort": "buyers"} if "cohort" in file else {})).text
        files = [{row[id]: row for row in csv.DictReader(io.StringIO(text, newline=""))} for text in (told, exported)]
        assert files[0].keys() == files[1].keys()
        for row, same in ((row, files[1][key]) for key, row in files[0].items()):
            shared = row.keys() & same.keys() - {"revenue", "properties"}
            assert {name: row[name] for name in shared} == {name: same[name] for name in shared}
    members = csv.DictReader(io.StringIO(told))
    assert [(row["joined_at"][-1], row["left_at"]) for row in members] == [("Z", ""), ("Z", "")]
    assert "\\N" not in exported


def test_hours_in_a_csv_have_the_offset_of_the_project(ask: Ask) -> None:
    day = {"startDate": "2026-03-29", "endDate": "2026-03-29", "interval": "hour"}
    told = ask("berlin", "timeseries", **day).json()["data"]
    rows = csv.DictReader(io.StringIO(ask("berlin", "timeseries", format="csv", **day).text))
    assert [row["date"] for row in rows] == [row["date"] for row in told]
