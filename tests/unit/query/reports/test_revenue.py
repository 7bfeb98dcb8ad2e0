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
OF_EVENTS = json.dumps([{"name": "revenue", "operator": "isNot", "value": "0"}])
OF_SESSIONS = json.dumps([{"name": "country", "operator": "isNot", "value": "DE"}])
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
    assert "amounts without a currency alone" in note


@pytest.mark.parametrize("question", ["metrics", "timeseries", "breakdown", "events", "sessions", "profiles"])
def test_sums_of_revenue_name_the_currencies_that_they_leave_out(ask: Answer, question: str) -> None:
    of_period = {} if question == "profiles" else APRIL
    left_out = "Revenue in JPY, USD is left out, because the project's currency is EUR; the report `revenue` has it."
    assert ask("money", question, **of_period).json()["meta"]["notes"] == [left_out]
    day_before = {"startDate": "2026-04-01", "endDate": "2026-04-01"}
    if of_period:
        assert "notes" not in ask("money", question, **day_before).json()["meta"]


def test_a_comparison_names_the_currencies_that_the_earlier_period_leaves_out(ask: Answer) -> None:
    day_after = {"startDate": "2026-04-03", "endDate": "2026-04-03"}
    assert "notes" not in ask("money", "metrics", **day_after).json()["meta"]
    [note] = ask("money", "metrics", compare="previous", **day_after).json()["meta"]["notes"]
    assert note.startswith("Revenue in JPY, USD is left out")


def test_a_typed_question_names_them_only_if_it_asks_for_revenue(ask: Answer) -> None:
    [note] = ask("money", "query", {"metrics": ["total_revenue"], **APRIL}).json()["meta"]["notes"]
    assert note.startswith("Revenue in JPY, USD is left out")
    assert "notes" not in ask("money", "query", {"metrics": ["total_events"], **APRIL}).json()["meta"]


def test_in_a_project_without_a_currency_no_sum_mixes_currencies(ask: Answer, answer: Answer) -> None:
    by_currency = {row["currency"]: row["revenue"] for row in answer("mixed", "revenue", **APRIL)}
    assert by_currency == {"": 10.0, "EUR": 3.5, "JPY": 100.0, "USD": 100.0}
    left_out = "Revenue in EUR, JPY, USD is left out, because the project has no currency; the report `revenue` has it."
    for filters in ({}, {"filters": OF_EVENTS}, {"filters": OF_SESSIONS}):
        metrics = ask("mixed", "metrics", **filters, **APRIL).json()
        assert metrics["data"]["total_revenue"] == 10.0
        assert metrics["meta"]["notes"] == [left_out]


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
