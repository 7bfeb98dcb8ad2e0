"""The wire, over real HTTP: what is answered, and what of it is in the warehouse."""

import json
import socket
import time
import uuid
from collections.abc import Callable

import httpx
import pytest

from event_lens.registry.clients import create_client, revoke_client
from event_lens.registry.database import open_registry
from event_lens.warehouse.client import Warehouse
from tests.ports import free_port
from tests.unit.collector.conftest import CollectorProcess


def unique() -> str:
    return f"event-{uuid.uuid4().hex}"


def named(warehouse: Warehouse, collector: CollectorProcess, name: str) -> list[dict[str, object]]:
    collector.wait_until_landed()
    return warehouse.rows(
        "SELECT * FROM lens_raw.events WHERE project_id = {project:String} AND name = {name:String}",
        {"project": collector.project_id, "name": name},
    )


def body(name: str, **payload: object) -> bytes:
    return json.dumps({"type": "track", "payload": {"name": name, **payload}}).encode()


def error_of(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/json"
    error = answer.json()["error"]
    assert set(error) == {"code", "message"}
    return answer.status_code, error["code"]


def test_an_event_is_answered_with_device_and_session_and_lands_once(
    collector: CollectorProcess, warehouse: Warehouse
) -> None:
    name = unique()
    answer = collector.track(name, deviceId="d1", properties={"plan": "pro"})
    assert answer.status_code == 200
    assert answer.json()["success"] is True
    assert answer.json()["deviceId"] == "d1"
    assert isinstance(answer.json()["sessionId"], str)
    assert answer.headers["x-content-type-options"] == "nosniff"
    (row,) = named(warehouse, collector, name)
    assert row["device_id"] == "d1"
    assert row["properties"] == {"plan": "pro"}
    assert row["browser"] == "Firefox"


def test_a_clients_own_session_comes_back(collector: CollectorProcess) -> None:
    assert collector.track("a", deviceId="d1", sessionId="mine").json()["sessionId"] == "mine"


def test_every_type_and_bare_route_is_taken(collector: CollectorProcess, warehouse: Warehouse) -> None:
    profile = unique()
    operations: list[tuple[str, dict[str, object]]] = [
        ("identify", {"profileId": profile, "firstName": "A"}),
        ("increment", {"profileId": profile, "property": "visits", "value": 2}),
        ("decrement", {"profileId": profile, "property": "visits"}),
        ("alias", {"profileId": profile, "alias": f"{profile}-2"}),
    ]
    for kind, payload in operations:
        wrapped = json.dumps({"type": kind, "payload": payload}).encode()
        assert collector.post("/track", wrapped).status_code == 200
        bare = {"clientId": collector.client_id, "clientSecret": collector.secret, **payload}
        assert collector.post(f"/{kind}", json.dumps(bare).encode(), {}).status_code in (200, 202)
        assert collector.post(f"/api/v1/{kind}", json.dumps(payload).encode()).status_code == 200
    collector.wait_until_landed()
    counts = warehouse.rows(
        "SELECT operation, count() AS n FROM lens_raw.profile_operations WHERE profile_id = {id:String} GROUP BY 1",
        {"id": profile},
    )
    assert {row["operation"]: row["n"] for row in counts} == {kind: 3 for kind, _ in operations}


def test_one_bad_event_in_a_batch_leaves_its_neighbours(collector: CollectorProcess, warehouse: Warehouse) -> None:
    name = unique()
    good = {"type": "track", "payload": {"name": name}}
    items: list[object] = [
        good,
        {"type": "track", "payload": {"name": "x" * 300}},
        {"type": "dance", "payload": {}},
        5,
        {"type": "track", "payload": {"name": name, "timestamp": "1999-01-01"}},
        good,
    ]
    answer = collector.post("/track/batch", json.dumps(items).encode())
    assert answer.status_code == 200
    assert answer.json()["success"] is True
    assert answer.json()["accepted"] == 2
    rejected = answer.json()["rejected"]
    assert [item["index"] for item in rejected] == [1, 2, 3, 4]
    assert rejected[3]["code"] == "timestamp_too_old"
    assert all(item["reason"] for item in rejected)
    assert len(named(warehouse, collector, name)) == 2
    codes = warehouse.rows(
        "SELECT code FROM lens_raw.quarantine WHERE project_id = {id:String}", {"id": collector.project_id}
    )
    assert {item["code"] for item in rejected} <= {row["code"] for row in codes}


def test_nan_and_a_lone_surrogate_in_a_batch_leave_their_neighbours(
    collector: CollectorProcess, warehouse: Warehouse
) -> None:
    name = unique()
    good = body(name).decode()
    bad = [
        body("bad").decode().replace("}}", f', "properties": {{"a": {value}}}}}}}') for value in ("NaN", '"\\ud800"')
    ]
    answer = collector.post("/track/batch", f"[{good},{bad[0]},{bad[1]},{good}]".encode())
    assert answer.status_code == 200
    assert [item["index"] for item in answer.json()["rejected"]] == [1, 2]
    assert len(named(warehouse, collector, name)) == 2


def test_a_bot_is_told_so_and_kept(collector: CollectorProcess, warehouse: Warehouse) -> None:
    name = unique()
    headers = {
        "openpanel-client-id": collector.client_id,
        "origin": "https://shop.example.com",
        "user-agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    }
    answer = collector.post("/track", body(name), headers)
    assert answer.status_code == 202
    assert "bot" in answer.json()
    (row,) = named(warehouse, collector, name)
    assert row["is_bot"]


def test_credentials_come_in_headers_body_or_query(collector: CollectorProcess) -> None:
    ours, secret = collector.client_id, collector.secret
    inside = json.dumps({"clientId": ours, "clientSecret": secret, "type": "track", "payload": {"name": "a"}}).encode()
    agent = {"user-agent": collector.headers["user-agent"]}
    beacon = {"origin": "https://shop.example.com", "content-type": "text/plain", **agent}
    for path, content, headers in (
        ("/track", inside, agent),
        ("/track", body("a"), {"event-lens-client-id": ours, "event-lens-client-secret": secret, **agent}),
        ("/track", body("a"), {"mixan-client-id": ours, "mixan-client-secret": secret, **agent}),
        (f"/track?clientId={ours}", body("a"), beacon),
        ("/track/", body("a"), collector.headers),
        ("/api/v1/track", body("a"), collector.headers),
    ):
        answer = collector.post(path, content, headers)
        assert answer.status_code == 200, (path, answer.text)


def test_a_refused_sender_is_told_why(collector: CollectorProcess) -> None:
    ours, good = collector.client_id, {"origin": "https://shop.example.com"}
    refused: tuple[tuple[dict[str, str], str], ...] = (
        ({}, "client_missing"),
        ({"openpanel-client-id": "write_unknown"}, "client_unknown"),
        ({"openpanel-client-id": "é\0'; DROP"}, "client_unknown"),
        ({"openpanel-client-id": ours}, "origin_refused"),
        ({"openpanel-client-id": ours, "origin": "https://x.example.org.evil.io"}, "origin_refused"),
        ({"openpanel-client-id": ours, "openpanel-client-secret": "sec_wrong", **good}, "secret_wrong"),
        ({"openpanel-client-id": ours, "openpanel-client-secret": collector.secret[:-1]}, "secret_wrong"),
        (
            {"openpanel-client-id": collector.reader_id, "openpanel-client-secret": collector.reader_secret},
            "client_cannot_write",
        ),
    )
    for headers, code in refused:
        raw = [(name.encode(), value.replace("\0", "").encode()) for name, value in headers.items()]
        answer = httpx.post(f"{collector.url}/track", content=body("a"), headers=raw)
        assert error_of(answer) == (401, code)


def test_a_new_client_works_at_once_and_a_revoked_one_stops_within_seconds(collector: CollectorProcess) -> None:
    registry = open_registry(collector.settings)
    client, secret = create_client(registry, collector.project_id, "root")
    headers = {"openpanel-client-id": client.client_id, "openpanel-client-secret": secret}
    assert collector.post("/track", body("a"), headers).status_code == 200
    revoke_client(registry, client.client_id)
    registry.close()
    for _ in range(200):
        answer = collector.post("/track", body("a"), headers)
        if answer.status_code == 401:
            return
        time.sleep(0.05)
    pytest.fail("the revoked client still sends")


def test_a_preflight_is_answered_openly_and_the_post_may_be_read(collector: CollectorProcess) -> None:
    origin = "https://anybody.example.net"
    asked = {"origin": origin, "access-control-request-method": "POST", "access-control-request-headers": "x-a"}
    answer = httpx.options(f"{collector.url}/track/batch", headers=asked)
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == origin
    assert answer.headers["access-control-allow-headers"] == "x-a"
    refused = httpx.post(f"{collector.url}/track", content=body("a"), headers={"origin": origin})
    assert refused.headers["access-control-allow-origin"] == origin


EVERY_ANSWER = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cross-origin-resource-policy": "cross-origin",
    "cache-control": "no-store",
}


@pytest.mark.parametrize(
    ("method", "path", "content", "status"),
    [
        ("POST", "/track", body("a"), 200),
        ("POST", "/track/batch", b"[]", 200),
        ("POST", "/track", b"{", 400),
        ("POST", "/track", b" " * (2 << 20), 413),
        ("POST", "/api/events", b"{", 400),
        ("GET", "/track", b"", 405),
        ("PUT", "/track", b"", 405),
        ("DELETE", "/identify", b"", 405),
        ("PATCH", "/track/batch", b"", 405),
        ("BREW", "/track", b"", 405),
        ("POST", "/health", b"", 405),
        ("POST", "/track/device-id", b"", 405),
        ("OPTIONS", "/track", b"", 204),
        ("OPTIONS", "/health", b"", 204),
        ("GET", "/nothing", b"", 404),
        ("GET", "/track/%00", b"", 404),
        ("GET", "/health", b"", 200),
        ("GET", "/ready", b"", 200),
        ("GET", "/metrics", b"", 200),
        ("GET", "/schema", b"", 200),
        ("GET", "/api/v1/health", b"", 200),
    ],
)
def test_every_answer_has_the_security_headers_once_and_errors_one_shape(
    collector: CollectorProcess, method: str, path: str, content: bytes, status: int
) -> None:
    answer = collector.client.request(method, f"{collector.url}{path}", content=content, headers=collector.headers)
    assert answer.status_code == status
    for name, value in {**EVERY_ANSWER, "x-request-id": answer.headers["x-request-id"]}.items():
        assert answer.headers.get_list(name) == [value]
    if status == 405:
        assert method not in answer.headers["allow"]
    if status >= 400 and path != "/api/events":
        code = {404: "not_found", 405: "method_not_allowed", 413: "body_too_large", 400: "body_not_json"}[status]
        assert error_of(answer) == (status, code)


def test_a_connection_serves_on_after_an_error_and_a_client_that_hung_up(collector: CollectorProcess) -> None:
    with httpx.Client(base_url=collector.url, headers=collector.headers) as client:
        assert client.post("/track", content=b"{").status_code == 400
        assert client.post("/track", content=body("a")).status_code == 200
    with socket.create_connection(("127.0.0.1", collector.port)) as gone:
        gone.sendall(b"POST /track HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{")
    assert collector.track("a").status_code == 200


def test_a_full_spool_answers_503_and_says_when_to_come_back(
    start_collector: Callable[..., CollectorProcess],
) -> None:
    away = f"http://127.0.0.1:{free_port()}"
    collector = start_collector(away, EVENTLENS_SPOOL_MAX_BYTES="5000")
    answers = [collector.track("a" * 200) for _ in range(20)]
    taken = sum(answer.status_code == 200 for answer in answers)
    assert 5 < taken < 20
    assert error_of(answers[-1]) == (503, "spool_full")
    assert int(answers[-1].headers["retry-after"]) > 0
    assert collector.pending() == taken
    assert error_of(httpx.get(f"{collector.url}/ready")) == (503, "spool_full")


def test_logs_hold_no_secret_and_no_payload(collector: CollectorProcess) -> None:
    marker = f"payload-{uuid.uuid4().hex}"
    collector.track("a", properties={"marker": marker})
    collector.post("/track", f'{{"{marker}'.encode())
    collector.wait_until_landed()
    log = collector.log.read_text()
    assert marker not in log
    assert collector.secret not in log
