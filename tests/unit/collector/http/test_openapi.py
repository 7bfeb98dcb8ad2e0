"""Whatever is sent to whichever route is answered with a 2xx or 4xx in its shape; what was taken lands."""

import gzip
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import Case
from schemathesis.checks import CHECKS

from collector.http.openapi import openapi
from event_lens.contract.parse import PARSERS
from event_lens.contract.reserved_keys import COMMON_KEYS, RESERVED_KEYS, TRACK_KEYS
from tests.unit.collector.conftest import CollectorProcess

SLOW = (HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much)
BOUNDED = settings(max_examples=100, deadline=None, derandomize=True, database=None, suppress_health_check=SLOW)
BRIEF = settings(BOUNDED, max_examples=6)
# A schema cannot express every rule of acceptance: dates, sizes, lone surrogates, null as absent.
BEYOND_A_SCHEMA = ("positive_data_acceptance", "negative_data_rejection", "missing_required_header", "ignored_auth")

ROUTES = (
    "/track",
    "/track/batch",
    "/identify",
    "/increment",
    "/decrement",
    "/alias",
    "/api/events",
    "/track/device-id",
    "/op1.js",
    "/health",
    "/metrics",
    "/nothing",
    "//track",
    "/track/",
    "/track/batch/%00",
    "/%2e%2e/track",
)


@pytest.fixture(scope="module")
def fuzzed(warehouse_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CollectorProcess]:
    """A collector of its own, so that what is sent here is counted by nobody else."""
    process = CollectorProcess(tmp_path_factory.mktemp("fuzzed"), warehouse_url, EVENTLENS_RATE_LIMIT="0")
    yield process
    process.stop()


schema = schemathesis.openapi.from_dict(openapi())


def test_the_document_is_served(fuzzed: CollectorProcess) -> None:
    for path in ("/schema", "/schema/openapi.json"):
        assert httpx.get(f"{fuzzed.url}{path}").json() == openapi()


@schema.parametrize()
@BRIEF
def test_the_document_says_what_the_routes_answer(case: Case[Any], fuzzed: CollectorProcess) -> None:
    beyond: Any = [check for check in CHECKS.get_all() if check.__name__ in BEYOND_A_SCHEMA]
    case.call_and_validate(base_url=fuzzed.url, headers=fuzzed.headers, excluded_checks=beyond)


TEXTS = st.text(max_size=30) | st.sampled_from(["", "\0", "a" * 2000, "9999-12-31", "-1e9", "__proto__", "\ud800"])
NUMBERS = st.integers(-(2**70), 2**70) | st.floats() | st.sampled_from([0, -1, 2**53 + 1, 1e308, 1_700_000_000])
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)
KEYS = st.sampled_from(
    sorted(
        COMMON_KEYS
        | RESERVED_KEYS.keys()
        | TRACK_KEYS.keys()
        | {"alias", "property", "value", "groupIds", "id", "type", "email", "event_type", "session_id", "page_url"}
    )
)
PAYLOADS = st.dictionaries(KEYS | TEXTS, VALUES, max_size=8)
LIKELY = st.fixed_dictionaries(
    {"name": TEXTS | st.just("a"), "profileId": TEXTS | st.just("p")},
    optional={"properties": PAYLOADS, "timestamp": VALUES, "value": NUMBERS, "alias": TEXTS, "property": TEXTS},
)
ENVELOPES = st.fixed_dictionaries({"type": st.sampled_from(sorted(PARSERS)) | TEXTS, "payload": LIKELY | PAYLOADS})
DOCUMENTS = ENVELOPES | LIKELY | st.lists(ENVELOPES | VALUES, max_size=5) | VALUES
PLAIN = DOCUMENTS.map(lambda value: json.dumps(value).encode("utf-8", "surrogatepass"))
BODIES = (
    PLAIN
    | PLAIN.map(lambda body: body[: len(body) // 2])
    | PLAIN.map(gzip.compress)
    | st.binary(max_size=200)
    | st.tuples(PLAIN, st.sampled_from(["utf-16", "utf-8-sig"])).map(lambda pair: pair[0].decode().encode(pair[1]))
)
HEADER_NAMES = st.sampled_from(
    [
        "user-agent",
        "origin",
        "referer",
        "content-type",
        "content-encoding",
        "accept-language",
        "x-forwarded-for",
        "openpanel-client-ip",
        "openpanel-sdk-name",
        "x-request-id",
        "x-api-key",
        "authorization",
        "sec-gpc",
        "event-lens-client-id",
        "openpanel-client-secret",
    ]
)
HEADER_VALUES = st.sampled_from(
    [b"gzip", b"deflate", b"null", b"*", b"Bearer x", b"::1", b"https://[", b"\xff\xfe"]
) | (st.binary(max_size=40).map(lambda raw: bytes(byte for byte in raw if byte >= 0x20 and byte != 0x7F).strip()))
HEADERS = st.dictionaries(HEADER_NAMES, HEADER_VALUES, max_size=4)
METHODS = st.sampled_from(["POST"] * 6 + ["GET", "PUT", "DELETE", "OPTIONS", "HEAD", "PATCH", "TRACE", "BREW"])


def check(answer: httpx.Response) -> None:
    """2xx or 4xx, with the headers of every answer, and errors in one of the two shapes."""
    assert answer.status_code < 500, answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-request-id"]
    if answer.request.method == "HEAD" or answer.status_code == 204:
        return
    if answer.status_code >= 400:
        error = answer.json()
        is_live_insight = "/api/events" in answer.request.url.path
        if is_live_insight and "status" in error:
            assert error["status"] == "error"
            assert error["message"]
        else:
            assert set(error["error"]) == {"code", "message"}


@pytest.mark.parametrize("is_known", [True, False], ids=["known sender", "anybody"])
def test_no_request_makes_a_500(fuzzed: CollectorProcess, is_known: bool) -> None:
    with httpx.Client() as client:

        @BOUNDED
        @given(st.sampled_from(ROUTES), METHODS, BODIES, HEADERS, st.text("ab=&%?\0é", max_size=8))
        def send(route: str, method: str, body: bytes, headers: dict[str, bytes], query: str) -> None:
            known = {name: value.encode() for name, value in fuzzed.headers.items()} if is_known else {}
            sent = [(name.encode(), value) for name, value in (headers | known).items()]
            url = httpx.URL(fuzzed.url).copy_with(raw_path=route.encode() + b"?" + query.encode("unicode_escape"))
            check(client.request(method, url, content=body, headers=sent))

        send()


@pytest.mark.parametrize("route", ["/track", "/track/batch", "/identify", "/increment", "/api/events"])
def test_no_json_of_a_known_sender_makes_a_500(fuzzed: CollectorProcess, route: str) -> None:
    with httpx.Client(headers={**fuzzed.headers, "x-api-key": fuzzed.client_id}) as client:

        @settings(BOUNDED, max_examples=50)
        @given(DOCUMENTS)
        def send(value: object) -> None:
            check(client.post(f"{fuzzed.url}{route}", content=json.dumps(value).encode("utf-8", "surrogatepass")))

        send()


def test_every_accepted_row_of_the_tests_above_lands(fuzzed: CollectorProcess) -> None:
    """Runs last in this file: the warehouse refuses none of the rows that the tests above left."""
    fuzzed.wait_until_landed()
    counts = dict(
        line.rsplit(" ", 1) for line in httpx.get(f"{fuzzed.url}/metrics").text.splitlines() if line[:1] != "#"
    )
    assert float(counts["eventlens_landing_refused_rows_total"]) == 0
    landed = sum(float(count) for name, count in counts.items() if name.startswith("eventlens_landed_rows_total"))
    assert landed == float(counts["eventlens_spool_rows_total"]) > 100
    assert "request_failed" not in fuzzed.log.read_text()
