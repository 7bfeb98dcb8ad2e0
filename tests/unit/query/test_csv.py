"""CSV of reports: nothing that the answer has is missing in it, or it is refused."""

import csv
import io
import json
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import httpx
import pytest

from query.reports import REPORTS
from query.shapes import fields_beside_rows, rows_of
from tests.unit.query.examples import request

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
    return {"": None, "True": 1.0, "False": 0.0}.get(text, text)


def cell_leaves(text: str) -> Iterator[object]:
    """The leaves in a cell, which holds JSON where the answer has objects or lists."""
    try:
        yield from leaves(json.loads(text))
    except ValueError:
        yield known(text)


@pytest.mark.parametrize("name", REPORTS)
def test_a_csv_has_all_that_the_answer_has_or_is_refused(ask: Ask, name: str) -> None:
    address, body, written = request(name)
    written.pop("compare", None)  # a comparison has no CSV
    told = ask("shop", address, body, **written).json()
    answered = ask("shop", address, body, format="csv", **written)
    if beside := fields_beside_rows(REPORTS[name].answer):
        assert answered.status_code == 400
        error = answered.json()["error"]
        assert error["code"] == "format_invalid"
        assert f"has {', '.join(beside)} beside its rows" in error["message"]
        return
    assert answered.status_code == 200, answered.text
    rows = list(csv.reader(io.StringIO(answered.text, newline="")))
    found = {leaf for row in rows for cell in row for leaf in cell_leaves(cell)}
    assert set(leaves(told["data"])) <= found
    assert [field for field in names(rows_of(REPORTS[name].answer, told["data"])) if field not in answered.text] == []
    assert answered.headers.get("x-next-cursor") == told["meta"].get("nextCursor")


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
