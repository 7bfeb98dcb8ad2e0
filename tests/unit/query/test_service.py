"""One process: equal questions are asked once, a left one is stopped, and what is known already is not sent again."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from docs.generate.reports import PERIOD
from event_lens.registry.clients import create_client
from event_lens.registry.database import open_registry
from event_lens.registry.projects import create_project
from event_lens.settings import read_settings
from event_lens.warehouse.client import Warehouse
from query.http.error_handlers import CLIENT_GONE
from query.http.middleware import KEY_HEADERS
from query.service import QUESTIONS_AT_ONCE
from tests.proxy import fronted
from tests.unit.query.conftest import QueryServer
from tests.unit.query.sample_projects import World

Ask = Callable[..., httpx.Response]
OWN_PAGE = "https://dashboard.example"
ENDLESS = "SELECT 'endless', count() FROM numbers(1000000000000) WHERE NOT ignore(cityHash64(number))"
RUNNING = "SELECT count() FROM system.processes WHERE query LIKE '%endless%' AND query NOT LIKE '%processes%'"


class Site:
    """A server of one project, whose statements a test can count, hold and replace."""

    def __init__(self, server_url: str, project_id: str, key: dict[str, str], log: Path) -> None:
        self.server_url = server_url
        self.url = f"{server_url}/insights/{project_id}/"
        self.key = key
        self.log = log

    def ask(self, question: str, headers: dict[str, str] | None = None, **written: str) -> httpx.Response:
        return httpx.get(self.url + question, headers=self.key | (headers or {}), params=written, timeout=60)


class Front:
    """What happens to statements on their way to the warehouse."""

    def __init__(self) -> None:
        self.statements: list[str] = []
        self.change: Callable[[str], str] = str

    def __call__(self, sql: str) -> str:
        self.statements.append(sql)
        return self.change(sql)


@pytest.fixture(scope="module")
def shared_front() -> Front:
    return Front()


@pytest.fixture
def front(shared_front: Front) -> Iterator[Front]:
    """The front, for one test."""
    shared_front.statements.clear()
    yield shared_front
    shared_front.change = str


@pytest.fixture(scope="module")
def site(warehouse_url: str, tmp_path_factory: pytest.TempPathFactory, shared_front: Front) -> Iterator[Site]:
    home = tmp_path_factory.mktemp("site")
    registry = open_registry(read_settings({"EVENTLENS_HOME": str(home)}))
    project_id = create_project(registry, "site").project_id
    client, secret = create_client(registry, project_id, "read", origins=(OWN_PAGE,))
    registry.close()
    key = {"openpanel-client-id": client.client_id, "openpanel-client-secret": secret}
    with fronted(warehouse_url, shared_front) as url:
        server = QueryServer(home, url, EVENTLENS_LOG_LEVEL="debug")
        try:
            yield Site(server.wait().url, project_id, key, server.log)
        finally:
            server.stop()


def wait_until(is_so: Callable[[], bool], within_seconds: float = 30) -> None:
    deadline = time.monotonic() + within_seconds
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_equal_questions_are_asked_of_the_warehouse_once(site: Site, front: Front) -> None:
    released = threading.Event()

    def hold_pages(sql: str) -> str:
        if "pages_daily" in sql:
            released.wait(60)
        return sql

    front.change = hold_pages
    with ThreadPoolExecutor(24) as threads:
        equal = [threads.submit(site.ask, "pages", range="7d") for _ in range(20)]
        other = threads.submit(site.ask, "pages", range="8d")
        try:
            wait_until(lambda: sum("pages_daily" in sql for sql in front.statements) == 2)
            # The joined questions wait for one answer and take no place: other questions of the project are answered.
            assert site.ask("metrics", range="7d").status_code == 200
        finally:
            released.set()
        assert {each.result().status_code for each in [*equal, other]} == {200}
    assert len({each.result().text for each in equal}) == 1
    assert sum("pages_daily" in sql for sql in front.statements) == 2


def test_a_statement_ends_when_the_client_leaves(site: Site, front: Front, warehouse_url: str) -> None:
    def leave(days: int) -> None:
        with pytest.raises(httpx.ReadTimeout):
            httpx.get(f"{site.url}pages?range={days}d", headers=site.key, timeout=1)

    front.change = lambda sql: ENDLESS if "pages_daily" in sql else sql
    with Warehouse(warehouse_url) as warehouse:
        with ThreadPoolExecutor(QUESTIONS_AT_ONCE // 2) as threads:
            for left in [threads.submit(leave, number) for number in range(11, 11 + QUESTIONS_AT_ONCE)]:
                left.result()
        wait_until(lambda: warehouse.value(RUNNING) == 0, within_seconds=8)
        called = {"name": "pages", "arguments": {"range": "30d"}}
        call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": called}
        headers = site.key | {"Accept": "application/json, text/event-stream"}
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(f"{site.server_url}/mcp", json=call, headers=headers, timeout=2)
        wait_until(lambda: warehouse.value(RUNNING) == 0, within_seconds=8)
    assert site.ask("metrics").status_code == 200
    assert any(sql.startswith("KILL QUERY") for sql in front.statements)
    assert "kill_failed" not in site.log.read_text()


def test_a_client_that_leaves_in_the_middle_of_its_question_is_not_an_error(site: Site) -> None:
    url = httpx.URL(site.url + "query")
    head = f"POST {url.path} HTTP/1.1\r\nHost: test\r\nContent-Length: 100\r\nX-Request-Id: left-early\r\n"
    with socket.create_connection((url.host, url.port or 80), timeout=10) as connection:
        connection.sendall((head + "".join(f"{name}: {value}\r\n" for name, value in site.key.items())).encode())
        connection.sendall(b"\r\n{")
    wait_until(lambda: "left-early" in logged_requests(site))
    assert logged_requests(site)["left-early"]["status"] == CLIENT_GONE
    assert "unexpected" not in site.log.read_text()


@pytest.mark.parametrize("path", ["query", "/mcp", "/session"])
def test_half_a_body_does_not_hold_its_connection(
    world: World, tmp_path: Path, start_query: Callable[..., QueryServer], path: str
) -> None:
    (tmp_path / "registry.db").write_bytes((world.home / "registry.db").read_bytes())
    server = start_query(tmp_path, world.warehouse_url, BODY_SECONDS="0.3")
    of_project = f"/insights/{world.projects['plain'].project_id}/{path}"
    sent = {"Host": f"127.0.0.1:{server.port}", "Content-Length": "100", "Content-Type": "application/json"}
    sent |= world.keys["plain"] | {"Origin": server.url, "Sec-Fetch-Site": "same-origin"}
    head = f"POST {path if path.startswith('/') else of_project} HTTP/1.1\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall((head + "".join(f"{name}: {value}\r\n" for name, value in sent.items())).encode())
        connection.sendall(b"\r\n{")
        answer = connection.recv(10_000)
    assert answer.startswith(b"HTTP/1.1 408")
    assert b"body_too_slow" in answer


def test_the_freshness_is_renewed_while_questions_are_asked_and_not_by_them(site: Site, front: Front) -> None:
    assert site.ask("metrics").status_code == 200
    front.statements.clear()
    wait_until(lambda: sum("oldest_waiting" in sql for sql in front.statements) >= 2)
    assert not [sql for sql in front.statements if "metrics_daily" in sql]


def test_an_answer_that_the_client_has_is_not_sent_again(ask: Ask, world: World) -> None:
    first = ask("plain", "pages", **PERIOD)
    tag = first.headers["etag"]
    assert first.headers["cache-control"] == "private, no-cache"
    for known in (tag, f'"other", {tag}'):
        again = ask("plain", "pages", headers=world.keys["plain"] | {"If-None-Match": known}, **PERIOD)
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    for question, name in (("pages/entry", "plain"), ("pages", "empty")):
        other = ask(name, question, headers=world.keys[name] | {"If-None-Match": tag}, **PERIOD)
        assert other.status_code == 200
        assert other.headers["etag"] != tag
    assert "etag" not in ask("plain", "live").headers
    assert "etag" not in ask("plain", "pages", range="soon").headers


def test_after_a_build_the_answer_is_sent_again(ask: Ask, world: World, warehouse_url: str) -> None:
    tag = ask("plain", "pages", **PERIOD).headers["etag"]
    with Warehouse(warehouse_url) as warehouse:
        warehouse.command("INSERT INTO lens_staging.builds VALUES ('another', now64(3))")
    known = world.keys["plain"] | {"If-None-Match": tag}
    wait_until(lambda: ask("plain", "pages", headers=known, **PERIOD).status_code == 200)


def test_a_page_of_an_origin_of_the_key_may_read_the_answer(site: Site) -> None:
    sent = {"Origin": OWN_PAGE, "Access-Control-Request-Method": "GET"}
    told = httpx.options(site.url + "metrics", headers=sent)
    assert told.status_code == 204
    assert told.headers["access-control-allow-origin"] == OWN_PAGE
    assert set(KEY_HEADERS.split(", ")) <= set(told.headers["access-control-allow-headers"].split(", "))
    assert "access-control-allow-credentials" not in told.headers
    for written, status in (({}, 200), ({"range": "soon"}, 400)):
        answered = site.ask("metrics", {"Origin": OWN_PAGE}, **written)
        assert answered.status_code == status
        assert answered.headers["access-control-allow-origin"] == OWN_PAGE
        assert {"etag", "x-next-cursor"} <= set(answered.headers["access-control-expose-headers"].split(", "))
    assert {"origin", "openpanel-client-id"} <= set(site.ask("metrics").headers["vary"].split(", "))
    head = httpx.head(site.url + "metrics", headers=site.key | {"Origin": OWN_PAGE})
    assert head.headers["access-control-allow-origin"] == OWN_PAGE
    tag = site.ask("timeseries").headers.get("etag", "none")
    for origin in ("https://other.example", "null", "http://dashboard.example"):
        # To a browser that has cached the answer for another key, 304 would mean that it may show that answer.
        assert site.ask("timeseries", {"Origin": origin, "If-None-Match": tag}).status_code == 200
        assert "access-control-allow-origin" not in site.ask("metrics", {"Origin": origin}).headers
    wrong = site.ask("metrics", {"Origin": OWN_PAGE, "openpanel-client-secret": "wrong"})
    assert wrong.status_code == 401
    assert "access-control-allow-origin" not in wrong.headers


def test_wrong_keys_in_a_row_are_not_tried_for_ever(site: Site) -> None:
    assert site.ask("metrics").status_code == 200
    codes = [site.ask("metrics", {"openpanel-client-secret": f"{n}"}).status_code for n in range(30)]
    assert set(codes) == {401, 429}
    assert codes[-9:] == [429] * 9
    assert site.ask("metrics").status_code == 200


def logged_requests(site: Site) -> dict[str, Any]:
    """What is logged of each request, by its id."""
    whole = site.log.read_text().rpartition("\n")[0]
    lines = [json.loads(line) for line in whole.splitlines()]
    return {line["request_id"]: line for line in lines if line["event"] == "request_answered"}


def test_each_question_leaves_its_id_and_duration(site: Site) -> None:
    assert site.ask("metrics", {"X-Request-Id": "of-a-proxy"}).headers["x-request-id"] == "of-a-proxy"
    own = site.ask("metrics", range="soon").headers["x-request-id"]
    # The log line is written after the answer was sent.
    wait_until(lambda: {"of-a-proxy", own} <= logged_requests(site).keys())
    logged = logged_requests(site)
    assert (logged["of-a-proxy"]["status"], logged[own]["status"]) == (200, 400)
    assert logged["of-a-proxy"]["route"] == "/insights/{project_id}/metrics"
    assert logged["of-a-proxy"]["elapsed_ms"] > 0
    assert {logged["of-a-proxy"]["level"], logged[own]["level"]} == {"info"}
    assert "soon" not in logged[own].values()
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    headers = site.key | {"Accept": "application/json, text/event-stream", "X-Request-Id": "of-an-assistant"}
    assert httpx.post(f"{site.server_url}/mcp", json=call, headers=headers).status_code == 200
    wait_until(lambda: "of-an-assistant" in logged_requests(site))
    by_assistant = logged_requests(site)["of-an-assistant"]
    assert (by_assistant["route"], by_assistant["level"], by_assistant["status"]) == ("/mcp", "info", 200)
    assert by_assistant["elapsed_ms"] > 0
    other = httpx.get(site.server_url + "/health").headers["x-request-id"]
    wait_until(lambda: other in logged_requests(site))
    assert logged_requests(site)[other]["level"] == "debug"
    shown = httpx.get(site.server_url + "/metrics").text
    assert 'eventlens_question_seconds_count{report="metrics"}' in shown
    assert 'eventlens_question_seconds_bucket{le="0.025",report="metrics"}' in shown
