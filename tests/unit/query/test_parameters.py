"""Every question says what it takes: the rest is refused with the nearest name, and what it takes is applied."""

import json
import re
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import msgspec
import pytest

from docs.generate.reports import COMMON, reports_page
from event_lens.errors import Refused
from query.paging import mark_of, write_cursor
from query.parameters import convert_body, read_parameters
from query.report import Report
from query.report_context import ProjectScope
from query.reports import REPORTS, find_report, identifier_of
from query.tools import tools
from tests.unit.query.examples import needed
from tests.unit.query.sample_projects import World

Schema = dict[str, Any]
Ask = Callable[..., httpx.Response]
ROW_OF_DOCS = r"^\| `([^`]+)` \|.*\| ([^|]*) \|$"
NOW = 1_800_000_000_000
SUBJECT = ProjectScope("project", ZoneInfo("Europe/Berlin"), "")
MARCH = {"startDate": "2026-03-02", "endDate": "2026-03-03"}
FUNNEL = {"steps": [{"name": "a"}, {"name": "b"}]}
# A value of every parameter that differs from the default.
SAMPLES = {
    "startDate": "2026-01-01",
    "endDate": "2026-01-01",
    "range": "7d",
    "filters": '[{"name": "path", "operator": "is", "value": "/"}]',
    "compare": "previous",
    "breakdown": "country",
    "limit": "7",
    "interval": "month",
    "by": "device",
    "period": "day",
    "periods": "3",
    "mode": "recurring",
    "criteria": "on_or_after",
    "startEvent": "a",
    "returnEvent": "b",
    "goal": "signups",
    "model": "linear",
    "startPath": "/",
    "endPath": "/order",
    "include": "/pricing",
    "exclude": "/blog",
    "maxSteps": "3",
    "asOf": "2026-01-01",
    "cursor": write_cursor(1_750_000_000_000, "ann"),
    "cohort": "others",
    "funnel": "others",
    "session": "2",
    "profile": "others",
    "group": "others",
    "retention": "others",
    "versus": "others",
    "metric": "sessions",
    "type": "company",
    "search": "a",
    "sort": "name",
    "order": "asc",
    "freshness": "live",
}
EVENT_CURSOR = write_cursor(1_750_000_000_000, "00000000-0000-0000-0000-000000000001", 1_750_000_000_000)
OWN_SAMPLES = {
    ("geo", "by"): "city",
    ("breakdown", "by"): "path,country",
    ("attribution", "by"): "campaign",
    ("sessions", "cursor"): write_cursor(1_750_000_000_000, "18446744073709551615"),
    ("sessions/{session}", "cursor"): EVENT_CURSOR,
    ("profiles/{profile}/timeline", "cursor"): EVENT_CURSOR,
    ("profiles", "cursor"): write_cursor("last_seen_at", "desc", 1_750_000_000_000, "ann"),
    ("groups", "cursor"): write_cursor("last_seen_at", "desc", 1_750_000_000_000, "acme"),
    ("profiles", "filters"): '[{"name": "email", "operator": "isNotNull"}]',
}
IN_ADDRESS = [report for report in REPORTS.values() if not report.has_body]


def declared(report: Report[Any]) -> set[str]:
    return {field.encode_name for field in msgspec.structs.fields(report.parameters)}


def asked(report: Report[Any], **written: str) -> Any:
    # The number of series can be limited only if there are several series.
    given = needed(report) | ({"breakdown": "name"} if "breakdown" in declared(report) else {}) | written
    return told(report, read_parameters(report.name, report.parameters, given.items()))


def told(report: Report[Any], parameters: Any) -> Any:
    if cursor := getattr(parameters, "cursor", None):
        parameters = msgspec.structs.replace(parameters, cursor=f"{cursor}.{mark_of(report.name, parameters)}")
    question, previous = report.questions(SUBJECT, parameters, NOW)
    return question.statement, question.tail_of, previous is None


@pytest.mark.parametrize("report", IN_ADDRESS, ids=lambda report: report.name)
def test_known_parameters_change_the_question_and_unknown_ones_are_refused(report: Report[Any]) -> None:
    assert declared(report) <= set(SAMPLES)
    for name, sample in SAMPLES.items():
        value = OWN_SAMPLES.get((report.name, name), sample)
        if name in declared(report):
            assert asked(report, **{name: value}) != asked(report), name
        else:
            with pytest.raises(Refused) as refused:
                asked(report, **{name: value})
            assert refused.value.code == ("freshness_invalid" if name == "freshness" else "parameter_invalid")
            assert repr(name) in refused.value.message


OF_STEPS = {
    "window_seconds": 5,
    "order": "any",
    "startDate": "2026-01-01",
    "endDate": "2026-01-01",
    "range": "7d",
    "filters": [{"name": "path", "operator": "is", "value": "/"}],
    "freshness": "live",
}


def test_a_funnel_takes_the_parameters_that_it_declares() -> None:
    report, broken_down = REPORTS["funnel"], FUNNEL | {"breakdown": "path"}
    assert_takes(report, broken_down, OF_STEPS | {"by": "profile", "limit": 7})
    plain, other = (convert_body("funnel", report.parameters, body) for body in (FUNNEL, broken_down))
    assert told(report, plain) != told(report, other)


def test_the_question_of_who_dropped_out_takes_the_parameters_that_it_declares() -> None:
    own = OF_STEPS | {"limit": 7, "cursor": write_cursor("ann")}
    assert_takes(REPORTS["funnel/dropped"], FUNNEL | {"step": 1}, own)


def assert_takes(report: Report[Any], least: dict[str, Any], own: dict[str, Any]) -> None:
    """Each of `own` changes what is asked by `least`, and the body has no other fields."""
    assert declared(report) == {*least, *own}
    plain = told(report, convert_body(report.name, report.parameters, least))
    for name, value in own.items():
        written = convert_body(report.name, report.parameters, least | {name: value})
        assert told(report, written) != plain, name


def test_a_query_takes_the_parameters_that_it_declares() -> None:
    own = {
        "dimensions": ["country"],
        "filters": [{"name": "path", "operator": "is", "value": "/"}],
        "interval": "week",
        "order": "people",
        "limit": 7,
        "cursor": write_cursor("people", True, 3.0, [""]),
        "startDate": "2026-01-01",
        "endDate": "2026-01-01",
        "range": "7d",
        "freshness": "live",
    }
    assert_takes(REPORTS["query"], {"metrics": ["people"]}, own)


@pytest.mark.parametrize(
    ("question", "written", "message"),
    [
        ("metrics", {"interval": "nonsense", "mode": "nonsense"}, "Unknown parameter 'interval'; `metrics` takes "),
        ("metrics", {"startdate": "2026-01-01"}, "did you mean 'startDate'?"),
        ("events", {"breakdown": "path"}, "Unknown parameter 'breakdown'"),
        ("pages", {"limt": "5"}, "did you mean 'limit'?"),
        ("pages", {"compare": "previous"}, "Unknown parameter 'compare'; `pages` takes endDate, filters, freshness"),
        ("live", {"filters": "[]"}, "Unknown parameter 'filters'; `live` takes none."),
        ("ingest", {"filters": "[]"}, "Unknown parameter 'filters'"),
        ("retention", {"start_event": "a"}, "did you mean 'startEvent'?"),
        ("pages", {"limit": ["5", "6"]}, "limit is given twice"),
        ("geo", {"x" * 10_000: "1"}, "Unknown parameter 'xxx"),
    ],
)
def test_a_parameter_that_a_question_does_not_take_is_refused_with_the_nearest(
    ask: Ask, question: str, written: dict[str, Any], message: str
) -> None:
    response = ask("plain", question, **written)
    assert response.status_code == 400
    assert message in response.json()["error"]["message"]


@pytest.mark.parametrize("text", ["1e2", "1.0", "1_0", "+5", " 5", "null", "٣", "", "9" * 5000])
def test_a_number_is_written_in_digits(ask: Ask, world: World, text: str) -> None:
    path = f"{world.url}/export/{world.projects['plain'].project_id}/sessions.csv"
    for refused, code in (
        (ask("plain", "pages", limit=text), "limit_invalid"),
        (ask("plain", "retention", periods=text), "periods_invalid"),
        (ask("plain", "paths", maxSteps=text), "max_steps_invalid"),
        (httpx.get(path, headers=world.keys["plain"], params={"limit": text}), "limit_invalid"),
    ):
        assert (refused.status_code, refused.json()["error"]["code"]) == (400, code)


@pytest.mark.parametrize("value", ["1_000", " 5", "٣", "nan", "Infinity", "1e999", "0x10"])
def test_a_number_of_a_filter_is_one_that_the_warehouse_reads(ask: Ask, value: str) -> None:
    filters = json.dumps([{"name": "duration_seconds", "operator": "gt", "value": value}])
    refused = ask("plain", "pages", filters=filters)
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "filters_invalid")
    for taken in ("-1", "1e2", ".5", "5."):
        assert ask("plain", "pages", filters=filters.replace(json.dumps(value), json.dumps(taken))).status_code == 200


@pytest.mark.parametrize(
    ("body", "key"),
    [
        ('{"metrics": ["people"], "metrics": ["total_events"]}', "metrics"),
        (
            '{"metrics": ["people"], "filters": [{"name": "path", "operator": "is", "value": "a", "value": "b"}]}',
            "value",
        ),
        ('{"limit": 1, "metrics": ["people"], "limit": 1}', "limit"),
    ],
)
def test_a_key_that_a_body_gives_twice_is_refused(world: World, body: str, key: str) -> None:
    path = f"{world.url}/insights/{world.projects['plain'].project_id}/query"
    refused = httpx.post(path, headers=world.keys["plain"], content=body)
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "request_invalid")
    assert f"{key!r} twice" in refused.json()["error"]["message"]


def test_a_key_that_a_filter_gives_twice_is_refused(ask: Ask) -> None:
    refused = ask("plain", "pages", filters='[{"name": "path", "operator": "is", "value": "a", "value": "b"}]')
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "filters_invalid")
    assert "'value' twice" in refused.json()["error"]["message"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (FUNNEL | {"compare": "previous"}, "Unknown field 'compare'; funnel takes breakdown, by, endDate, "),
        (FUNNEL | {"windowSeconds": 5}, "did you mean 'window_seconds'?"),
        ({"steps": [{"name": "a"}, {"nam": "b"}]}, "Unknown field 'nam'; did you mean 'name'?"),
        ({"steps": [{"name": "a", "filter": []}, {"name": "b"}]}, "Unknown field 'filter'; did you mean 'filters'?"),
        (
            FUNNEL | {"filters": [{"name": "path", "operator": "is", "values": ["/"]}]},
            "Unknown field 'values'; did you mean 'value'?",
        ),
    ],
)
def test_a_field_that_a_body_does_not_take_is_refused_with_the_nearest(ask: Ask, body: Any, message: str) -> None:
    response = ask("plain", "funnel", body)
    assert response.status_code == 400
    assert response.json()["error"]["code"] == "parameter_invalid"
    assert message in response.json()["error"]["message"]


def test_a_funnel_takes_nothing_in_its_address(ask: Ask) -> None:
    response = ask("plain", "funnel", FUNNEL, filters="[]")
    assert response.status_code == 400
    assert "Unknown parameter 'filters'" in response.json()["error"]["message"]


def test_an_unknown_question_is_refused_with_the_nearest() -> None:
    with pytest.raises(Refused, match="did you mean 'metrics'"):
        find_report("metric")


def lines(world: World, file: str, **written: Any) -> list[Any]:
    path = f"{world.url}/export/{world.projects['plain'].project_id}/{file}"
    response = httpx.get(path, headers=world.keys["plain"], params=written)
    assert response.status_code == 200, response.text
    return [json.loads(line) for line in response.text.splitlines()]


def test_exports_hold_the_filtered_rows_and_no_more_than_the_limit(world: World) -> None:
    bought = json.dumps([{"name": "name", "operator": "is", "value": "purchase"}])
    german = json.dumps([{"name": "country", "operator": "is", "value": "DE"}])
    assert {line["name"] for line in lines(world, "events.ndjson", filters=bought, **MARCH)} == {"purchase"}
    assert len(lines(world, "events.ndjson", filters=bought, **MARCH)) == 2
    assert len(lines(world, "events.ndjson", filters=german, **MARCH)) == 3  # all of the session's
    assert [line["device_id"] for line in lines(world, "sessions.ndjson", filters=german, **MARCH)] == ["d1"]
    assert len(lines(world, "sessions.ndjson", filters=bought, **MARCH)) == 2
    for file in ("events.ndjson", "sessions.ndjson"):
        assert len(lines(world, file, limit=2, **MARCH)) == 2
    assert len(lines(world, "profiles.ndjson", limit=2)) == 2


def test_an_export_filters_by_the_value_of_a_column_and_not_by_its_written_form(world: World) -> None:
    path = f"{world.url}/export/{world.projects['plain'].project_id}/events.csv"
    written = {"startDate": "2026-03-02T10:00:00Z", "endDate": "2026-03-02T10:01:00Z"}
    text = httpx.get(path, headers=world.keys["plain"], params=written).text
    assert text.count("\n") == 2  # the header and one event


@pytest.mark.parametrize(
    ("file", "written", "code"),
    [
        ("events.csv", {"compare": "previous"}, "parameter_invalid"),
        ("events.csv", {"limit": "0"}, "limit_invalid"),
        ("profiles.csv", {"range": "7d"}, "parameter_invalid"),
        ("profiles.csv", {"filters": "[]"}, "parameter_invalid"),
    ],
)
def test_an_export_refuses_unknown_parameters(world: World, file: str, written: Any, code: str) -> None:
    path = f"{world.url}/export/{world.projects['plain'].project_id}/{file}"
    response = httpx.get(path, headers=world.keys["plain"], params=written)
    assert (response.status_code, response.json()["error"]["code"]) == (400, code)


def parameters_of(schema: Schema, before: str = "") -> dict[str, str]:
    """The description of every parameter of a schema, also of those in lists."""
    told = {}
    for name, each in schema.get("properties", {}).items():
        told[f"{before}{name}"] = each.get("description", "")
        told |= parameters_of(each.get("items", {}), f"{before}{name}[].")
    return told


@pytest.mark.parametrize("name", REPORTS)
def test_every_parameter_is_described_in_the_tool_and_in_the_docs(name: str) -> None:
    in_tool = parameters_of(tools()[identifier_of(REPORTS[name])].input_schema)
    assert [parameter for parameter, told in in_tool.items() if not told] == []
    (section,) = re.findall(rf"^## {re.escape(name)}\n(.*?)(?=^## |\Z)", reports_page(), re.DOTALL | re.MULTILINE)
    table = section.partition("| parameter |")[2].partition("\n\n")[0]
    in_docs = dict(re.findall(ROW_OF_DOCS, table, re.MULTILINE))
    assert [parameter for parameter, told in in_docs.items() if not told.strip()] == []
    # The parameters of a filter, and of those that most reports take, have their own places in docs/api.md.
    assert {each for each in in_tool if "filters[]" not in each} <= {*in_docs, *COMMON}
