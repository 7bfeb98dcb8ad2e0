"""Logs: what is in a line, what never is, and how lines of one request are found."""

import asyncio
import io
import json
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
import structlog

from collector.http.middleware import Middleware
from event_lens.errors import Unavailable
from event_lens.logs import get_log, request_id, set_up_logs
from tests.ports import free_port
from tests.unit.collector.conftest import CollectorProcess

SECRET = "sec_of-a-client-4711"


@pytest.fixture
def written() -> Any:
    """What is logged in this process, as parsed lines."""
    stream = io.StringIO()
    set_up_logs("debug", as_json=True, stream=stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    structlog.reset_defaults()


def test_a_line_carries_the_id_of_the_request_that_caused_it(written: Callable[[], list[dict[str, Any]]]) -> None:
    log = get_log("test")

    async def app(scope: dict[str, Any], _receive: Any, send: Any) -> None:
        scope["path_template"] = "/track"
        await asyncio.sleep(0)
        log.warning("something_odd", count=1)
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def ask(edge: Middleware, id: bytes) -> str:
        headers: list[tuple[bytes, bytes]] = []

        async def send(message: dict[str, Any]) -> None:
            headers.extend(message["headers"])

        scope = {"type": "http", "method": "POST", "path": f"/{SECRET}", "headers": [(b"x-request-id", id)]}
        await edge(scope, None, send)  # type: ignore[arg-type]
        return dict(headers)[b"x-request-id"].decode()

    async def ask_all() -> tuple[str, ...]:
        edge = Middleware(app)
        sent = (b"one", b"two", b"1.2.3.4", b"x" * 65)
        return tuple(await asyncio.gather(*(ask(edge, id) for id in sent)))

    ids = asyncio.run(ask_all())
    assert ids[:2] == ("one", "two")
    assert len(set(ids)) == 4
    assert "1.2.3.4" not in ids
    for event in ("something_odd", "request_answered"):
        assert {line["request_id"] for line in written() if line["event"] == event} == set(ids)
    assert SECRET not in json.dumps(written())
    assert request_id.get() == ""


def test_an_exception_is_told_by_kind_and_place_and_only_our_own_by_message(
    written: Callable[[], list[dict[str, Any]]],
) -> None:
    log = get_log("test")
    for error in (ValueError(SECRET), OSError(28, "No space left on device"), Unavailable("Come back.", code="away")):
        try:
            raise error
        except Exception:
            log.exception("failed")
    foreign, system, ours = written()
    assert foreign["exception"] == "ValueError"
    assert foreign["raised_at"][0].startswith(f"{__name__}:")
    assert SECRET not in json.dumps(foreign)
    assert system["message"] == "No space left on device"
    assert (ours["code"], ours["message"]) == ("away", "Come back.")


def wait_for(collector: CollectorProcess, last: str) -> str:
    """The log once it holds `last`: a line is written after its answer is sent."""
    deadline = time.monotonic() + 10
    while last not in (text := collector.log.read_text()):
        assert time.monotonic() < deadline, text
        time.sleep(0.02)
    return text


def test_requests_leave_a_line_at_debug_only_and_none_tells_who_or_what(
    start_collector: Callable[..., CollectorProcess],
) -> None:
    collector = start_collector(f"http://127.0.0.1:{free_port()}", EVENTLENS_LOG_LEVEL="debug")
    marker = "payload-marker-4711"
    body = {"type": "track", "payload": {"name": marker, "properties": {"email": f"{marker}@example.com"}}}
    for path in ("/track", f"/track?token={marker}", f"/{marker}", "/track/batch"):
        headers = {**collector.headers, "x-request-id": "mine-1", "x-forwarded-for": "203.0.113.77"}
        answer = httpx.post(f"{collector.url}{path}", json=body, headers=headers)
        assert answer.headers["x-request-id"] == "mine-1"
    text = wait_for(collector, "/track/batch")
    for never in (marker, collector.secret, "203.0.113.77", "127.0.0.1", collector.client_id):
        assert never not in text
    lines = [json.loads(line) for line in text.splitlines()]
    mine = [(line["route"], line["status"]) for line in lines if line.get("request_id") == "mine-1"]
    assert mine == [("/track", 200), ("/track", 200), ("", 404), ("/track/batch", 400)]


def test_at_the_usual_level_a_request_leaves_no_line(collector: CollectorProcess) -> None:
    before = collector.log.read_text()
    assert collector.track("quiet").status_code == 200
    assert collector.post("/track", b"{").status_code == 400
    assert "request_answered" not in collector.log.read_text()[len(before) :]
