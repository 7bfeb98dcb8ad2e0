"""Defined retentions: what the question says of the same events, and what cannot be asked."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

Answer = Callable[..., Any]
Ask = Callable[..., httpx.Response]
SEASON = {"startDate": "2026-01-01", "endDate": "2026-06-30"}


@pytest.mark.parametrize("period", ["day", "week", "month"])
@pytest.mark.parametrize("mode", ["first", "recurring"])
@pytest.mark.parametrize("criteria", ["on", "on_or_after"])
@pytest.mark.parametrize(
    ("retention", "events"),
    [("a_then_b", {"startEvent": "a", "returnEvent": "b"}), ("any_then_c", {"returnEvent": "c"})],
)
def test_a_defined_retention_equals_the_question_about_its_events(
    answer: Answer, period: str, mode: str, criteria: str, retention: str, events: dict[str, str]
) -> None:
    written = {"period": period, "mode": mode, "criteria": criteria, "periods": 6} | SEASON
    defined = answer("random", f"retentions/{retention}", **written)
    assert defined["cohorts"] == answer("random", "retention", **written, **events)
    assert defined["cohorts"]
    assert (defined["name"], defined["start_event"]) == (retention.title(), events.get("startEvent", ""))


@pytest.mark.parametrize(
    ("question", "written", "status", "code"),
    [
        ("retentions/others", {}, 404, "retention_unknown"),
        ("retentions/a_then_b", {"mode": "recurring", "period": "month", "periods": 25}, 400, "periods_invalid"),
        ("retentions/a_then_b", {"period": "year"}, 400, "period_invalid"),
        ("retentions/a_then_b", {"startEvent": "a"}, 400, "parameter_invalid"),
    ],
)
def test_unknown_ids_and_invalid_parameters_are_refused(
    ask: Ask, question: str, written: dict[str, Any], status: int, code: str
) -> None:
    response = ask("random", question, **written)
    assert (response.status_code, response.json()["error"]["code"]) == (status, code)
