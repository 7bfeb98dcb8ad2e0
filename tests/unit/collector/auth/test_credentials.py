"""Credentials in headers, body and query; which win, and what a known sender's broken body becomes."""

import json
import uuid
from typing import Any

import httpx
import pytest

from collector.auth.credentials import credentials_in
from event_lens.registry.clients import create_client
from event_lens.registry.database import open_registry
from event_lens.registry.projects import create_project
from event_lens.warehouse.client import Warehouse
from tests.unit.collector.conftest import CollectorProcess

GOOD = {"origin": "https://shop.example.com"}
EVIL = {"origin": "https://shop.example.com.evil.io"}


@pytest.fixture(scope="module")
def other(collector: CollectorProcess) -> tuple[str, str]:
    """Id and secret of another project's client."""
    registry = open_registry(collector.settings)
    client, secret = create_client(registry, create_project(registry, "other").project_id, "write")
    registry.close()
    return client.client_id, secret


def code(collector: CollectorProcess, headers: dict[str, str], path: str = "/track", **body: Any) -> str:
    """The error's code, `ok` when there is none."""
    content = json.dumps({"type": "track", "payload": {"name": "a"}, **body}).encode()
    agent = {"user-agent": collector.headers["user-agent"]}
    answer = collector.client.post(f"{collector.url}{path}", content=content, headers={**agent, **headers})
    if answer.status_code == 200:
        return "ok"
    assert answer.status_code == 401
    found: str = answer.json()["error"]["code"]
    return found


def test_a_secret_that_is_sent_must_be_right_wherever_it_comes_from(
    collector: CollectorProcess, other: tuple[str, str]
) -> None:
    ours, secret = collector.client_id, collector.secret
    id = {"openpanel-client-id": ours}

    def with_secret(secret: str) -> dict[str, str]:
        return {**id, **GOOD, "openpanel-client-secret": secret}

    for wrong in ("wrong", secret[:-1], secret + "x", secret.upper(), other[1], "sec_", "'; --", "é"):
        assert code(collector, {**id, **GOOD}, clientSecret=wrong) == "secret_wrong", wrong
        if wrong.isascii():
            assert code(collector, with_secret(wrong)) == "secret_wrong", wrong
    assert code(collector, with_secret(secret)) == "ok"
    # The header wins over the body.
    assert code(collector, with_secret(secret), clientSecret="wrong") == "ok"
    assert code(collector, with_secret("wrong"), clientSecret=secret) == "secret_wrong"
    # An empty secret means no secret: the origin decides.
    assert code(collector, with_secret("")) == "ok"
    assert code(collector, {**id, **EVIL, "openpanel-client-secret": ""}) == "origin_refused"
    # A secret opens its own client only.
    assert code(collector, {"openpanel-client-id": other[0], "openpanel-client-secret": secret}) == "secret_wrong"
    assert code(collector, {"openpanel-client-id": other[0], **GOOD}) == "origin_refused"


def test_an_unknown_client_id_is_refused(collector: CollectorProcess) -> None:
    for bad in ("nobody", "a" * 5000, "../../etc", "%00", "' OR 1=1", collector.client_id.upper(), "x y"):
        assert code(collector, {"openpanel-client-id": bad, **GOOD}) in ("client_unknown", "client_missing"), bad
        assert code(collector, GOOD, clientId=bad) in ("client_unknown", "client_missing"), bad
    nothing: tuple[object, ...] = (5, None, [], {})
    for bad_json in nothing:
        assert code(collector, GOOD, clientId=bad_json) == "client_missing"
    assert code(collector, GOOD, f"/track?clientId={collector.client_id}") == "ok"
    assert code(collector, GOOD, "/track?clientId=%ff%fe") == "client_unknown"
    # A secret must not be in an address, because every proxy logs addresses.
    assert code(collector, EVIL, f"/track?clientId={collector.client_id}&clientSecret={collector.secret}") != "ok"


@pytest.mark.parametrize(
    ("origin", "may"),
    [
        ("https://shop.example.com", True),
        ("http://SHOP.example.com:8080", True),
        ("https://a.b.example.org", True),
        ("https://shop.example.com.", True),
        ("https://example.org", False),
        ("https://x.example.org.evil.io", False),
        ("https://shop.example.com@evil.io", False),
        ("https://shop.example.com.evil.io", False),
        ("https://shop-example.com", False),
        ("https://shop.xn--exampl-dva.com", False),
        ("null", False),
        ("*", False),
        ("", False),
        (None, False),
    ],
)
def test_without_a_secret_the_origin_must_be_the_clients(
    collector: CollectorProcess, origin: str | None, may: bool
) -> None:
    sent = {"openpanel-client-id": collector.client_id} | ({} if origin is None else {"origin": origin})
    assert code(collector, sent) == ("ok" if may else "origin_refused")


def test_the_refusal_names_the_origin_that_came_and_how_it_is_added(collector: CollectorProcess) -> None:
    sent = {"openpanel-client-id": collector.client_id, "origin": "https://new.example.net"}
    answer = collector.post("/track", b'{"type":"track","payload":{"name":"clicked"}}', sent)
    assert answer.status_code == 401
    told = answer.json()["error"]["message"]
    assert f"eventlens client origins add {collector.client_id} https://new.example.net" in told
    del sent["origin"]
    answer = collector.post("/track", b'{"type":"track","payload":{"name":"clicked"}}', sent)
    assert "no Origin" in answer.json()["error"]["message"]


def test_a_preflight_with_credentials_is_answered_as_openly_as_one_without(collector: CollectorProcess) -> None:
    asked = {**EVIL, "access-control-request-method": "POST", "access-control-request-headers": "content-type"}
    for credentials in ({}, collector.headers, {"openpanel-client-id": "nobody"}):
        for path in ("/track", "/track/batch", "/track/device-id", "/api/events"):
            answer = httpx.options(f"{collector.url}{path}", headers={**asked, **credentials})
            assert answer.status_code == 204
            assert answer.headers["access-control-allow-origin"] == EVIL["origin"]
            assert answer.headers["access-control-allow-credentials"] == "true"
            assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b'{"clientId":"a","clientSecret":"s","type":', ("a", "s")),
        (b'{"type":5, "clientId" : "a"}', ("a", "")),
        (b'{"payload":{"name":"\\"clientId\\":\\"b\\""},"clientId":"a"', ("a", "")),
        (b'{"payload":"\\"clientId\\": \\"b\\""}', ("", "")),
        (b'{"clientId":"a","x":{"clientId":"b"}}', ("a", "")),
        (b'{"clientId":"<script>"}', ("", "")),
        (b'{"clientId":5}', ("", "")),
        (b"\xff\xfe", ("", "")),
        (b"", ("", "")),
    ],
)
def test_credentials_are_found_in_a_body_that_cannot_be_read(body: bytes, found: tuple[str, str]) -> None:
    assert credentials_in(body) == found


def test_a_known_senders_broken_body_is_kept_in_quarantine_wherever_its_credentials_are(
    collector: CollectorProcess, warehouse: Warehouse
) -> None:
    registry = open_registry(collector.settings)
    project = create_project(registry, "a project of its own").project_id
    client, secret = create_client(registry, project, "write")
    registry.close()
    inside = f'"clientId":"{client.client_id}","clientSecret":"{secret}"'
    marker = uuid.uuid4().hex
    broken = {
        "type_unknown": f'{{{inside},"payload":{{"name":"{marker}"}}}}',
        "payload_not_object": f'{{{inside},"type":"track","payload":"{marker}"}}',
        "body_not_json": f'{{{inside},"type":"track","payload":{{"name":"{marker}',
        "body_not_array": f'{{{inside},"events":"{marker}"}}',
    }
    for expected, text in broken.items():
        path = "/track/batch" if expected == "body_not_array" else "/track"
        answer = collector.post(path, text.encode(), {})
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, expected)
        wrong = text.replace(secret, "sec_wrong")
        assert collector.post(path, wrong.encode(), {}).json()["error"]["code"] == "secret_wrong"
    collector.wait_until_landed()
    rows = warehouse.rows(
        "SELECT code, body FROM lens_raw.quarantine WHERE project_id = {project:String}", {"project": project}
    )
    assert sorted(str(row["code"]) for row in rows) == sorted(broken)
    for row in rows:
        assert secret not in str(row["body"])
        assert (marker in str(row["body"])) == (row["code"] != "body_not_json")
