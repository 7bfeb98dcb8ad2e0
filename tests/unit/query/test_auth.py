"""Who may read what, and one error shape over all endpoints."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from query.reports import REPORTS
from tests.unit.query.examples import ids_of
from tests.unit.query.examples import request as example_request
from tests.unit.query.sample_projects import World

Ask = Callable[..., httpx.Response]
FUNNEL = {"steps": [{"name": "a"}, {"name": "b"}]}
# Values that only the project `shop` has.
OWN_WORDS = ("/pricing", "/order", "Buyers", "news", "buying")


@pytest.fixture(params=list(REPORTS))
def asked(request: pytest.FixtureRequest, ask: Ask) -> Callable[..., httpx.Response]:
    """Asks the example of a report of a project: `asked("shop")`, each report of the list in its turn."""
    address, body, written = example_request(request.param)
    return lambda project, **headers: ask(project, address, body, **headers, **written)


def is_error(response: httpx.Response, code: str) -> bool:
    body = response.json()
    return set(body) == {"error"} and set(body["error"]) == {"code", "message"} and body["error"]["code"] == code


def test_every_question_is_answered_to_a_read_key_and_a_root_key(asked: Ask, world: World) -> None:
    for key in (world.keys["shop"], world.keys["shop root"]):
        response = asked("shop", headers=key)
        assert response.status_code == 200, response.text
        assert set(response.json()["meta"]) >= {"completeThrough", "timezone", "table", "cached", "elapsedMs"}


def test_nobody_reads_without_a_right_key_of_the_project(asked: Ask, world: World) -> None:
    right = world.keys["shop"]
    for wrong in (
        {},
        {"openpanel-client-id": right["openpanel-client-id"]},
        right | {"openpanel-client-secret": right["openpanel-client-secret"][:-1]},
        right | {"openpanel-client-secret": ""},
        right | {"openpanel-client-id": "read_unknown"},
        right | {"openpanel-client-id": "' OR 1=1 --"},
    ):
        response = asked("shop", headers=wrong)
        assert response.status_code == 401
        assert is_error(response, "client_unauthorized")
    for other in (world.keys["shop write"], world.keys["berlin"], world.keys["root"]):
        response = asked("shop", headers=other)
        assert response.status_code == 403
        assert is_error(response, "project_forbidden")


@pytest.mark.parametrize("name", list(REPORTS))
def test_no_project_sees_anything_of_another_whose_ids_it_knows(ask: Ask, name: str) -> None:
    address, body, written = example_request(name)
    response = ask("empty", address, body, **written)
    ids = ids_of(REPORTS[name])
    if ids:
        assert response.status_code == 404, response.text
        assert response.json()["error"]["code"] == f"{ids[0]}_unknown"
    else:
        assert response.status_code == 200, response.text
        assert not any(word in json.dumps(response.json()["data"]) for word in OWN_WORDS)


PAGED = [name for name, report in REPORTS.items() if "cursor" in report.parameters.__struct_encode_fields__]


@pytest.mark.parametrize("name", PAGED)
def test_a_cursor_of_another_project_tells_nothing_of_it(ask: Ask, name: str) -> None:
    address, body, written = example_request(name)
    page = {"limit": 1}
    # The shop has one group only, a team.
    project = "people" if name == "groups" else "shop"
    written.pop("type", None)
    if name == "funnel/dropped":
        # Nobody does an event of that name, so both people of the shop drop out before that step.
        body = {**(body or {}), "steps": [{"name": "screen_view"}, {"name": "never"}]}
    first = ask(project, address, body and body | page, **written if body else written | page).json()
    assert first["meta"]["nextCursor"] is not None, "there is too little to tell"
    page["cursor"] = first["meta"]["nextCursor"]
    written.pop("asOf", None)
    response = ask("empty", address, body and body | page, **written if body else written | page)
    assert response.status_code == (404 if ids_of(REPORTS[name]) else 200), response.text
    if not ids_of(REPORTS[name]):
        assert response.json()["data"] == []


def test_a_cohort_is_not_compared_with_one_of_another_project(ask: Ask) -> None:
    response = ask("random", "cohorts/active/behaviour", versus="buyers")
    assert is_error(response, "cohort_unknown")


def test_a_foreign_project_and_an_unknown_project_get_the_same_answer(world: World) -> None:
    key = world.keys["plain"]
    foreign = httpx.get(f"{world.url}/insights/{world.projects['berlin'].project_id}/metrics", headers=key)
    unknown = httpx.get(f"{world.url}/insights/no-such-project/metrics", headers=key)
    assert foreign.status_code == unknown.status_code == 403
    assert foreign.json() == unknown.json()
    export = httpx.get(f"{world.url}/export/{world.projects['berlin'].project_id}/events.csv", headers=key)
    assert export.json() == foreign.json()


@pytest.mark.parametrize("prefix", ["openpanel-client", "event-lens-client", "mixan-client"])
def test_keys_come_in_the_headers_of_the_collector(ask: Ask, world: World, prefix: str) -> None:
    key = world.keys["plain"]
    headers = {f"{prefix}-id": key["openpanel-client-id"], f"{prefix}-secret": key["openpanel-client-secret"]}
    assert ask("plain", "live", headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("question", "written", "code"),
    [
        ("metrics", {"startDate": "2026-03-03", "endDate": "2026-03-02"}, "period_invalid"),
        ("metrics", {"startDate": "2026-03-02T10:00:00Z", "endDate": "2026-03-02T10:00:00Z"}, "period_invalid"),
        ("metrics", {"startDate": "yesterday"}, "period_invalid"),
        ("metrics", {"startDate": "0001-01-01"}, "period_invalid"),
        ("metrics", {"endDate": "9999-12-31"}, "period_invalid"),
        ("metrics", {"startDate": "1965-01-01", "endDate": "2026-01-01"}, "period_invalid"),
        ("metrics", {"startDate": "2026-02-30"}, "period_invalid"),
        ("metrics", {"startDate": "2026-01-01T00:00:00+99:00"}, "period_invalid"),
        ("metrics", {"range": "7 days"}, "range_invalid"),
        ("metrics", {"range": "9999y"}, "period_invalid"),
        ("metrics", {"range": "7d", "startDate": "2026-01-01"}, "period_invalid"),
        ("metrics", {"compare": "next"}, "compare_invalid"),
        ("metrics", {"startdate": "2026-01-01"}, "parameter_invalid"),
        ("timeseries", {"interval": "minute"}, "interval_invalid"),
        ("timeseries", {"interval": "hour", "startDate": "1980-01-01", "endDate": "2080-01-01"}, "interval_invalid"),
        ("pages", {"limit": "-1"}, "limit_invalid"),
        ("pages", {"limit": "0"}, "limit_invalid"),
        ("pages", {"limit": "1000000000"}, "limit_invalid"),
        ("pages", {"limit": "1e9"}, "limit_invalid"),
        ("pages", {"limit": "many"}, "limit_invalid"),
        ("geo", {"by": "planet"}, "by_invalid"),
        ("retention", {"period": "year"}, "period_invalid"),
        ("retention", {"mode": "last"}, "mode_invalid"),
        ("retention", {"criteria": "after"}, "criteria_invalid"),
        ("retention", {"periods": "0"}, "periods_invalid"),
        ("retention", {"periods": "100000"}, "periods_invalid"),
        ("retention", {"by": "session"}, "by_invalid"),
        ("retention", {"startEvent": "x" * 300}, "event_invalid"),
        ("ingest", {"interval": "century"}, "interval_invalid"),
    ],
)
def test_an_invalid_parameter_is_refused(ask: Ask, question: str, written: Any, code: str) -> None:
    response = ask("plain", question, **written)
    assert response.status_code == 400, response.text
    assert is_error(response, code), response.text


@pytest.mark.parametrize(
    "body",
    [
        {"steps": []},
        {"steps": [{"name": "a"}]},
        {"steps": [{"name": "a"}] * 50},
        {"steps": [{"name": ""}, {"name": "b"}]},
        {"steps": [{"name": "a" * 256}, {"name": "b"}]},
        {"steps": [{"name": 1}, {"name": "b"}]},
        {"steps": [{"name": "a", "filter": []}, {"name": "b"}]},
        {"steps": "ab"},
        {},
        [],
        FUNNEL | {"window_seconds": 0},
        FUNNEL | {"window_seconds": -1},
        FUNNEL | {"window_seconds": 1e12},
        FUNNEL | {"by": "planet"},
        FUNNEL | {"order": "random"},
        FUNNEL | {"startDate": "2026-03-03", "endDate": "2026-03-02"},
        FUNNEL
        | {"steps": [{"name": "a", "filters": [{"name": "x", "operator": "is", "value": ["y"]}]}, {"name": "b"}]},
        FUNNEL | {"breakdown": "planet"},
    ],
)
def test_a_funnel_with_invalid_parameters_is_refused(ask: Ask, body: Any) -> None:
    response = ask("plain", "funnel", body)
    assert response.status_code == 400, response.text
    assert set(response.json()) == {"error"}


@pytest.mark.parametrize(
    "body", [b"", b"null", b"{", b"\xff\xfe", b"\x00", b'{"steps": NaN}', b'{"steps":"\\ud800"}', b"[" * 100_000]
)
def test_a_body_that_is_no_funnel_is_refused(world: World, body: bytes) -> None:
    path = f"{world.url}/insights/{world.projects['plain'].project_id}/funnel"
    for kind in ("application/json", "text/plain", "application/x-msgpack", "multipart/form-data", "nonsense"):
        response = httpx.post(path, content=body, headers=world.keys["plain"] | {"content-type": kind})
        assert response.status_code in (400, 415), (kind, response.text)
        assert set(response.json()) == {"error"}


def test_a_body_of_2_mib_is_refused(world: World) -> None:
    path = f"{world.url}/insights/{world.projects['plain'].project_id}/funnel"
    response = httpx.post(path, content=b" " * (2 << 20), headers=world.keys["plain"])
    assert response.status_code == 413
    assert is_error(response, "body_too_large")


def test_an_unknown_route_and_another_method_have_the_shape_of_every_error(world: World) -> None:
    assert is_error(httpx.get(f"{world.url}/nowhere"), "route_unknown")
    assert is_error(httpx.get(f"{world.url}/insights/x/nothing", headers=world.keys["plain"]), "route_unknown")
    assert is_error(httpx.post(f"{world.url}/insights/x/metrics"), "method_not_allowed")


def test_an_unknown_report_is_refused_with_the_nearest_name(world: World) -> None:
    for base in ("", "/api/v1"):
        answer = httpx.get(f"{world.url}{base}/insights/x/timeserie", headers=world.keys["plain"])
        assert is_error(answer, "route_unknown")
        assert "did you mean 'timeseries'?" in answer.json()["error"]["message"]


def test_everything_is_served_again_under_the_base_path(world: World) -> None:
    for path in ("/health", "/ready", "/metrics", "/schema/openapi.json"):
        assert httpx.get(f"{world.url}{path}").status_code == 200
        assert httpx.get(f"{world.url}/api/v1{path}").status_code == 200
    path = f"/insights/{world.projects['plain'].project_id}/metrics"
    direct = httpx.get(f"{world.url}{path}", headers=world.keys["plain"])
    based = httpx.get(f"{world.url}/api/v1{path}", headers=world.keys["plain"])
    assert direct.json()["data"] == based.json()["data"]


def test_the_schema_names_every_question(world: World) -> None:
    schema = httpx.get(f"{world.url}/schema").json()
    for name, report in REPORTS.items():
        assert set(schema["paths"][f"/insights/{{project_id}}/{name}"]) >= {"post" if report.has_body else "get"}
    named = {each["name"] for each in schema["paths"]["/insights/{project_id}/metrics"]["get"]["parameters"]}
    assert named == {"project_id", "startDate", "endDate", "range", "filters", "compare", "freshness"}


def test_every_answer_has_security_headers_and_is_counted(world: World) -> None:
    for path in ("/health", "/nowhere"):
        headers = httpx.get(f"{world.url}{path}").headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
    assert 'eventlens_requests_total{status="404"}' in httpx.get(f"{world.url}/metrics").text


def test_many_questions_at_once_are_answered_or_put_off(ask: Ask) -> None:
    def one(days: int) -> tuple[int, str]:
        answer = ask("random", "timeseries", interval="hour", range=f"{days + 60}d")
        return answer.status_code, "" if answer.status_code in (200, 503) else answer.text

    with ThreadPoolExecutor(16) as threads:
        assert {answer for answer in threads.map(one, range(32)) if answer[1]} == set()
    assert ask("random", "metrics").status_code == 200
