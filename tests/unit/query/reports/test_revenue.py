"""Revenue: each currency for itself, by hand and as the plainest SQL on `lens` says."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from event_lens.warehouse.client import Warehouse
from tests.unit.query.sample_projects import World

Answer = Callable[..., Any]
MARCH = {"startDate": "2026-03-02", "endDate": "2026-03-03"}
APRIL = {"startDate": "2026-04-02", "endDate": "2026-04-02"}
SEASON = {"startDate": "2026-01-01", "endDate": "2026-06-30"}
PLAINEST = """
SELECT upper(currency) AS code, sum(revenue) AS summed, countIf(revenue > 0) AS sales
FROM lens.events WHERE project_id = {project:String} AND revenue != 0 GROUP BY code
"""


def test_currencies_are_separate_and_refunds_are_subtracted(answer: Answer) -> None:
    rows = answer("money", "revenue", **APRIL)
    assert rows == [
        # 10 and 5 without a currency, 2.5 in lower case, less 4
        {
            "currency": "EUR",
            "revenue": 13.5,
            "earned": 17.5,
            "refunded": -4.0,
            "sales": 3,
            "refunds": 1,
            "people": 2,
        },
        {"currency": "JPY", "revenue": 100.0, "earned": 100.0, "refunded": 0.0, "sales": 1, "refunds": 0, "people": 1},
        {"currency": "USD", "revenue": 100.0, "earned": 100.0, "refunded": 0.0, "sales": 1, "refunds": 0, "people": 1},
    ]


def test_the_notes_say_what_the_totals_of_other_questions_leave_out(ask: Answer) -> None:
    [note] = ask("money", "revenue", **APRIL).json()["meta"]["notes"]
    assert "that of EUR alone" in note
    [note] = ask("random", "revenue", **SEASON).json()["meta"]["notes"]
    assert "whatever their currency" in note


def test_the_row_of_the_projects_currency_is_the_total_of_metrics(answer: Answer) -> None:
    [own] = [row for row in answer("plain", "revenue", **MARCH) if row["currency"] == "EUR"]
    assert own["revenue"] == answer("plain", "metrics", **MARCH)["total_revenue"]


def test_filters_hold(answer: Answer) -> None:
    filters = json.dumps([{"name": "device_id", "operator": "is", "value": "d2"}])
    assert [row["currency"] for row in answer("money", "revenue", filters=filters, **APRIL)] == ["JPY", "USD"]


def test_without_revenue_there_are_no_rows(answer: Answer) -> None:
    assert answer("empty", "revenue", **MARCH) == []


@pytest.mark.parametrize("name", ["plain", "random"])
def test_the_plainest_sql_gives_the_same(answer: Answer, world: World, warehouse: Warehouse, name: str) -> None:
    told = {(row["currency"], row["revenue"], row["sales"]) for row in answer(name, "revenue", **SEASON)}
    rows = warehouse.rows(PLAINEST, {"project": world.projects[name].project_id})
    assert told == {(row["code"], float(row["summed"]), row["sales"]) for row in rows}
    assert told
