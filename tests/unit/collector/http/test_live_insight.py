"""LiveInsight's route, as its clients call it: with one key and nothing else, from a page or from a server."""

import json
import uuid
from typing import Any

import httpx
import pytest

from event_lens.warehouse.client import Warehouse
from tests.unit.collector.conftest import CollectorProcess

OWN_PAGE = {"origin": "https://shop.example.com"}
FIREFOX = {"user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0"}


def send(collector: CollectorProcess, headers: dict[str, str], **event: Any) -> httpx.Response:
    body = {"event_type": "signed_up", "session_id": "s-1", **event}
    return collector.post("/api/events", json.dumps(body).encode(), headers)


def whole_key(collector: CollectorProcess) -> str:
    return f"{collector.client_id}:{collector.secret}"


def refusal(answer: httpx.Response) -> str:
    """The message of an answer of 401, which has LiveInsight's shape."""
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/json"
    error = answer.json()
    assert error.keys() == {"status", "message"}
    assert error["status"] == "error"
    return str(error["message"])


def landed(collector: CollectorProcess, warehouse: Warehouse, name: str) -> dict[str, Any]:
    """The only event with this name."""
    collector.wait_until_landed()
    (row,) = warehouse.rows(
        "SELECT * FROM lens_raw.events WHERE project_id = {project:String} AND name = {name:String}",
        {"project": collector.project_id, "name": name},
    )
    return row


@pytest.mark.parametrize("header", ["X-API-Key", "Authorization"])
def test_a_server_sends_with_id_and_secret_in_one_key_and_without_an_origin(
    collector: CollectorProcess, warehouse: Warehouse, header: str
) -> None:
    name, key = uuid.uuid4().hex, whole_key(collector)
    written = key if header == "X-API-Key" else f"Bearer {key}"
    answer = send(collector, {header: written}, event_type=name, page_url="https://shop.example.com/a")
    assert answer.status_code == 200, answer.text
    assert answer.json()["status"] == "success"
    row = landed(collector, warehouse, name)
    assert (row["device_id"], row["device"], row["path"]) == ("s-1", "server", "/a")


@pytest.mark.parametrize("page", [{}, {"page_url": None}, {"page_url": ""}], ids=["absent", "null", "empty"])
def test_an_event_without_a_page_lands_without_a_path(
    collector: CollectorProcess, warehouse: Warehouse, page: dict[str, object]
) -> None:
    name = uuid.uuid4().hex
    answer = send(collector, collector.headers, event_type=name, plan="pro", **page)
    assert answer.status_code == 200, answer.text
    row = landed(collector, warehouse, name)
    assert (row["path"], row["origin"], row["query"], row["properties"]) == ("", "", "", {"plan": "pro"})


def test_a_page_that_names_no_address_is_known_by_its_origin(collector: CollectorProcess, warehouse: Warehouse) -> None:
    name = uuid.uuid4().hex
    answer = send(collector, {"X-API-Key": collector.client_id, **OWN_PAGE, **FIREFOX}, event_type=name)
    assert answer.status_code == 200, answer.text
    row = landed(collector, warehouse, name)
    assert (row["path"], row["origin"]) == ("", "https://shop.example.com")


def test_a_key_that_ends_after_the_colon_is_a_bare_id_and_needs_an_allowed_origin(
    collector: CollectorProcess,
) -> None:
    key = {"X-API-Key": f"{collector.client_id}:", **FIREFOX}
    assert "no Origin" in refusal(send(collector, key))
    assert "is not an origin of this client" in refusal(send(collector, {**key, "origin": "https://evil.example"}))
    assert send(collector, {**key, **OWN_PAGE}).status_code == 200


def test_a_wrong_secret_in_the_key_is_refused_from_an_allowed_origin_and_beside_the_right_one(
    collector: CollectorProcess,
) -> None:
    for wrong in ("sec_wrong", collector.secret[:-1], f"{collector.secret}x", f"{collector.secret}:"):
        key = {"X-API-Key": f"{collector.client_id}:{wrong}"}
        for besides in ({}, OWN_PAGE, {"openpanel-client-secret": collector.secret}):
            assert "secret is wrong" in refusal(send(collector, {**key, **besides}))
    alone = {"X-API-Key": ":sec_wrong", "openpanel-client-id": collector.client_id, **OWN_PAGE}
    assert "secret is wrong" in refusal(send(collector, alone))


def test_the_secret_in_the_key_counts_before_one_in_a_header(collector: CollectorProcess) -> None:
    for header in ("openpanel-client-secret", "event-lens-client-secret"):
        assert send(collector, {"X-API-Key": whole_key(collector), header: "sec_wrong"}).status_code == 200


def test_a_key_that_only_reads_does_not_send(collector: CollectorProcess) -> None:
    key = f"{collector.reader_id}:{collector.reader_secret}"
    assert "reads only" in refusal(send(collector, {"X-API-Key": key}))


@pytest.mark.parametrize("path", ["/track", "/track/batch", "/identify", "/increment", "/decrement", "/alias"])
def test_the_key_counts_on_no_other_route(collector: CollectorProcess, path: str) -> None:
    key = whole_key(collector)
    body = b"[]" if path == "/track/batch" else b'{"type":"track","payload":{"name":"a"}}'
    answer = collector.post(path, body, {"X-API-Key": key, "Authorization": f"Bearer {key}"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "client_missing")
