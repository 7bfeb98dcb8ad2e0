"""Filters: every operator, by hand; hostile text in every place; what is refused."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from event_lens.contract.filters import OPERATORS
from tests.unit.query.sample_projects import HOSTILE

Answer = Callable[..., Any]
MARCH = {"startDate": "2026-03-02", "endDate": "2026-03-03"}
STRANGE = [
    HOSTILE,
    "'",
    "\\",
    "\\'",
    "') OR 1=1 --",
    "{p0_string:String}",
    "}{",
    "/* */",
    "# --",
    "; DROP TABLE lens.events",
    "\x00",
    "a\x00b",
    "\n\t\r",
    "%_\\",
    "`",
    '"',
    "é漢🎈",
    "\u202e",
    "{{ x }}",
    "%s %(x)s",
    "SETTINGS readonly=0",
    "$$",
    "",
    " ",
    "NULL",
    "[]",
    "['a']",
]


def written(name: str, operator: str, *values: Any) -> str:
    return json.dumps([{"name": name, "operator": operator, "value": list(values)}])


@pytest.mark.parametrize(
    ("name", "operator", "values", "events"),
    [
        ("name", "is", ["purchase"], 2),
        ("name", "is", ["purchase", "signup"], 3),
        ("name", "isNot", ["purchase", "signup"], 5),
        ("path", "contains", ["ri", "lo"], 2),
        ("path", "doesNotContain", ["ri", "lo"], 6),
        ("path", "startsWith", ["/b"], 1),
        ("path", "endsWith", ["ing", "log"], 2),
        ("path", "regex", ["^/(pricing|blog)$"], 2),
        ("path", "isNull", [], 4),
        ("path", "isNotNull", [], 4),
        ("revenue", "gt", [20.5], 1),
        ("revenue", "gte", [20.5], 2),
        ("revenue", "lt", [20.5], 6),
        ("revenue", "lte", ["20.5"], 7),
        ("revenue", "is", [100], 1),
        ("revenue", "isNot", [100, 0], 1),
        ("revenue", "isNull", [], 6),
        ("is_identified", "is", [True], 5),
        ("is_screen_view", "isNot", ["true"], 4),
        ("properties.plan", "is", ["pro"], 1),
        ("properties.plan", "isNot", ["pro"], 7),
        ("properties.plan", "isNull", [], 5),
        ("properties.plan", "is", [HOSTILE], 1),
        ("properties.plan", "contains", ["'b\"c\\d"], 1),
        ("properties.n", "gt", [7], 1),
        ("properties.n", "lte", [7], 1),
        ("properties.n", "is", [12.5], 1),
        ("properties.ok", "is", [True], 1),
        ("groups", "is", ["x"], 0),
        ("country", "is", ["DE"], 3),
        ("country", "isNot", ["DE"], 4),
        ("entry_path", "is", ["/"], 4),
        ("duration_seconds", "gte", [30], 5),
        ("is_bounce", "is", [True], 3),
    ],
)
def test_every_operator_selects_the_rows_that_it_describes(
    answer: Answer, name: str, operator: str, values: list[Any], events: int
) -> None:
    data = answer("plain", "metrics", filters=written(name, operator, *values), **MARCH)
    assert data["total_events"] == events


def test_filters_are_joined_by_and(answer: Answer) -> None:
    both = [{"name": "name", "operator": "is", "value": "purchase"}, {"name": "revenue", "operator": "gt", "value": 50}]
    assert answer("plain", "metrics", filters=json.dumps(both), **MARCH)["total_events"] == 1


@pytest.mark.parametrize("question", ["metrics", "pages", "devices", "retention"])
def test_hostile_values_are_only_values(ask: Callable[..., httpx.Response], question: str) -> None:
    for operator in ("is", "contains", "endsWith"):
        for name in ("path", "browser", "properties.plan", "groups"):
            response = ask("plain", question, filters=written(name, operator, *STRANGE), **MARCH)
            assert response.status_code == 200, (name, response.text)


@pytest.mark.parametrize("text", STRANGE)
def test_hostile_text_is_found_again_or_refused_in_every_place(ask: Callable[..., httpx.Response], text: str) -> None:
    requests: list[dict[str, Any]] = [
        {"filters": written("path", "regex", text)},
        {"filters": written(text, "is", "x")},
        {"filters": written(f"properties.{text}", "is", "x")},
        {"filters": written(f"properties.a.{text}.b", "isNull")},
        {"filters": written("path", text, "x")},
        {"filters": text},
        {"startDate": text},
        {"range": text},
        {"compare": text},
        {"limit": text},
        {text: "x"},
    ]
    for written_request in requests:
        response = ask("plain", "metrics", **written_request)
        assert response.status_code in (200, 400), (written_request, response.text)
    for own in ({"interval": text}, {"period": text}, {"startEvent": text}, {"by": text}):
        question = "timeseries" if "interval" in own else "retention"
        assert ask("plain", question, **own).status_code in (200, 400), own
    body = {"steps": [{"name": text or "x"}, {"name": "b", "filters": json.loads(written("path", "is", text))}]}
    assert ask("plain", "funnel", body).status_code == 200


@pytest.mark.parametrize(
    "filters",
    [
        written("no_such_column", "is", "x"),
        written("device_id; DROP", "is", "x"),
        written("project_id", "is", "x"),
        written("properties.", "is", "x"),
        written("path", "equals", "x"),
        written("path", "is"),
        written("path", "isNull", "x"),
        written("revenue", "is", "much"),
        written("revenue", "contains", "1"),
        written("revenue", "gt", "NaN"),
        written("revenue", "gt", "1e999"),
        written("path", "gt", "x"),
        written("is_bounce", "is", "maybe"),
        written("groups", "gt", 1),
        written("path", "regex", "("),
        written("path", "regex", r"[\b]"),
        written("properties.plan.:`Foo`", "is", "x"),
        written("properties.plan.:`Int64`", "isNull"),
        written("path", "regex", "a{1000}{1000}"),
        written("path", "regex", "[a-q][^u-z]{60}x"),
        written("path", "regex", "x" * 600),
        written("path", "is", *["x"] * 2000),
        written("path", "is", {"a": 1}),
        "[",
        "{}",
        '"x"',
        "null",
        '[{"name": "path"}]',
        '[{"name": "path", "operator": "is", "value": "x", "or": 1}]',
        '[{"name": "path", "operator": "is", "value": "\\ud800"}]',
        "[" * 2000,
        json.dumps([json.loads(written("path", "is", "x"))[0]] * 60),
    ],
)
def test_invalid_filters_are_refused_with_the_reason(ask: Callable[..., httpx.Response], filters: str) -> None:
    response = ask("plain", "metrics", filters=filters, **MARCH)
    assert response.status_code == 400, response.text
    assert response.json()["error"]["code"] == "filters_invalid"


@pytest.mark.parametrize(
    ("written_name", "told"), [("brwser", "did you mean 'browser'?"), ("zzzzzz", "properties.<key>")]
)
def test_an_unknown_column_is_refused_with_the_nearest_one(
    ask: Callable[..., httpx.Response], written_name: str, told: str
) -> None:
    for refused, code in (
        (ask("plain", "metrics", filters=written(written_name, "is", "x"), **MARCH), "filters_invalid"),
        (ask("plain", "breakdown", by=written_name, **MARCH), "by_invalid"),
    ):
        assert refused.json()["error"]["code"] == code
        assert told in refused.json()["error"]["message"]


def test_a_catastrophic_pattern_takes_no_time(ask: Callable[..., httpx.Response]) -> None:
    response = ask("plain", "metrics", filters=written("path", "regex", "(a+)+$", "(.*)*x"), **MARCH)
    assert response.status_code == 200
    assert response.json()["meta"]["elapsedMs"] < 5000


def test_every_operator_is_tried_above() -> None:
    tried = test_every_operator_selects_the_rows_that_it_describes.pytestmark[0].args[1]
    assert {case[1] for case in tried} == set(OPERATORS)
