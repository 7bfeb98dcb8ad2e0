"""Clients that hang up: their questions stop, their inserts land nothing, and nothing of them stays behind."""

import os
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote, urlencode

import httpx
import pytest

from event_lens.warehouse.access import read_access
from tests.conftest import EmbeddedServer
from tests.warehouse.running import ONE_BLOCK, wait_for_statement

pytestmark = pytest.mark.usefixtures("only_embedded")

FEW = 10
# If every client left one file open, there would be more than a few open files.
TIMES = FEW + 2
ENDLESS = "SELECT number, repeat('x', 50) FROM numbers(200000000000)"
SILENT = "SELECT count() FROM numbers(200000000000) WHERE sipHash64(number) = 7"
ENDLESS_FOR_ANALYSTS, SILENT_FOR_ANALYSTS = (sql.replace("200000000000", "999999999") for sql in (ENDLESS, SILENT))


class Way:
    """Who asks, and where: the server's port as a service, or the guard's as anybody."""

    def __init__(self, server: EmbeddedServer, user: str, *, is_guarded: bool) -> None:
        access = read_access(server.home)
        self.port = server.port if is_guarded else access.http_port
        password = access.passwords.get(user, "")
        self.headers = {"X-ClickHouse-User": user, "X-ClickHouse-Key": password}
        self.url = f"http://127.0.0.1:{self.port}"
        self.head = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
        self.endless = ENDLESS_FOR_ANALYSTS if user == "analyst" else ENDLESS
        self.silent = SILENT_FOR_ANALYSTS if user == "analyst" else SILENT
        self.mark = "999999999" if user == "analyst" else "200000000000"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    server = EmbeddedServer(tmp_path_factory.mktemp("leaving") / "home")
    try:
        server.wait()
        # The first statements open the files that the engine keeps open.
        for sql in (SILENT.replace("200000000000", "1000"), "CREATE TABLE default.warm (n UInt8) ENGINE = Memory"):
            httpx.post(server.url, params={"session_id": "s", "wait_end_of_query": "1"}, content=sql)
        with httpx.stream("POST", server.url, content=ENDLESS) as answer:
            next(answer.iter_raw())
        yield server
    finally:
        server.stop()


@pytest.fixture
def http(server: EmbeddedServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=60) as client:
        yield client


@pytest.fixture
def open_files(server: EmbeddedServer, http: httpx.Client) -> Iterator[None]:
    """After the test the server has hardly more open files than before: a few of its own, none per client."""
    before = _open_files(server)
    yield
    for _ in range(500):
        http.get("/ping")
        if _open_files(server) <= before + FEW:
            return
    assert _open_files(server) <= before + FEW


def _open_files(server: EmbeddedServer) -> int:
    return len(os.listdir(f"/proc/{server.process.pid}/fd"))  # noqa: PTH208


@pytest.mark.parametrize("settings", [{}, {"compress": "1"}, {"enable_http_compression": "1"}, {"session_id": "s"}])
@pytest.mark.parametrize(("user", "is_guarded"), [("admin", False), ("admin", True), ("analyst", True)])
def test_a_stream_that_is_left_stops(
    server: EmbeddedServer,
    http: httpx.Client,
    open_files: None,
    settings: dict[str, str],
    user: str,
    is_guarded: bool,
) -> None:
    way = Way(server, user, is_guarded=is_guarded)
    with httpx.Client(base_url=way.url, headers=way.headers, timeout=60) as client:
        for _ in range(TIMES):
            with client.stream("POST", "/", params=settings, content=way.endless) as answer:
                next(answer.iter_raw())
            wait_for_statement(http, way.mark, present=False)
        assert client.post("/", params=settings, content="SELECT 1").status_code == 200


@pytest.mark.parametrize("settings", ["", "&wait_end_of_query=1", "&max_execution_time=50"])
@pytest.mark.parametrize("is_silent", [True, False])
@pytest.mark.parametrize(
    ("user", "is_guarded", "method"),
    [
        ("query", False, "POST"),
        ("query", True, "POST"),
        ("analyst", True, "POST"),
        ("analyst", True, "GET"),
        # The server runs no statement that writes for a GET, so it may stop every question whose client has
        # disconnected.
        ("admin", False, "GET"),
        ("admin", True, "GET"),
    ],
)
def test_a_question_that_is_left_before_its_answer_stops(
    server: EmbeddedServer,
    http: httpx.Client,
    open_files: None,
    settings: str,
    is_silent: bool,
    user: str,
    is_guarded: bool,
    method: str,
) -> None:
    way = Way(server, user, is_guarded=is_guarded)
    sql = way.silent if is_silent else way.endless
    target, body = (f"/?query={quote(sql)}{settings}", "") if method == "GET" else (f"/?{settings}", sql)
    head = f"{method} {target} HTTP/1.1\r\nHost: localhost\r\n{way.head}Content-Length: {len(body)}\r\n\r\n{body}"
    with socket.create_connection(("127.0.0.1", way.port)) as connection:
        connection.sendall(head.encode())
        wait_for_statement(http, way.mark)
    wait_for_statement(http, way.mark, present=False)


@pytest.mark.parametrize("framing", ["length", "chunked"])
@pytest.mark.parametrize("statement_in", ["url", "body"])
@pytest.mark.parametrize("is_guarded", [False, True])
def test_a_long_insert_of_one_block_that_breaks_off_lands_nothing(
    server: EmbeddedServer,
    http: httpx.Client,
    open_files: None,
    framing: str,
    statement_in: str,
    is_guarded: bool,
) -> None:
    way = Way(server, "admin", is_guarded=is_guarded)
    http.post("/", content="CREATE OR REPLACE TABLE default.broken (n UInt64, s String) ENGINE = MergeTree ORDER BY n")
    statement = "INSERT INTO default.broken FORMAT TSV"
    target = f"/?{urlencode(ONE_BLOCK | ({'query': statement} if statement_in == 'url' else {}))}"
    start = b"" if statement_in == "url" else f"{statement}\n".encode()
    block = b"".join(b"%d\t%s\n" % (number, b"y" * 30) for number in range(20_000))
    how = "Content-Length: 999999999" if framing == "length" else "Transfer-Encoding: chunked"
    with socket.create_connection(("127.0.0.1", way.port)) as connection:
        connection.sendall(f"POST {target} HTTP/1.1\r\nHost: localhost\r\n{way.head}{how}\r\n\r\n".encode())
        # Far more rows than the server takes for one block unless the statement asks for it.
        for piece in [start, *[block] * 50] if start else [block] * 50:
            connection.sendall(piece if framing == "length" else b"%x\r\n%s\r\n" % (len(piece), piece))
    for _ in range(30):
        assert http.post("/", content="SELECT count() FROM default.broken").text == "0\n"


@pytest.mark.parametrize(("user", "is_guarded"), [("admin", False), ("admin", True), ("analyst", True)])
def test_a_form_that_breaks_off_leaves_nothing(
    server: EmbeddedServer, http: httpx.Client, open_files: None, user: str, is_guarded: bool
) -> None:
    way = Way(server, user, is_guarded=is_guarded)
    part = b'--x\r\nContent-Disposition: form-data; name="t"; filename="t"\r\n\r\n'
    head = "POST /?query=SELECT+1&t_structure=n+UInt8 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n"
    for _ in range(TIMES):
        with socket.create_connection(("127.0.0.1", way.port)) as connection:
            connection.sendall(f"{head}{way.head}Content-Type: multipart/form-data; boundary=x\r\n\r\n".encode())
            # A user who may not send such a table gets an error, and the connection is closed.
            with suppress(ConnectionError):
                connection.sendall(part + b"1\n" * 9_000_000)
    assert http.post("/", content="SELECT 1").text == "1\n"


def test_an_answer_that_waited_for_its_end_leaves_nothing_on_disk(server: EmbeddedServer, http: httpx.Client) -> None:
    def files() -> set[Path]:
        waiting = [server.home / "warehouse" / "tmp", *server.home.glob("warehouse/tmp/**/*")]
        return {*server.home.iterdir(), *waiting}

    before = files()
    waiting = {"wait_end_of_query": "1"}
    answer = http.post("/", params=waiting, content="SELECT number, repeat('x', 90) FROM numbers(1000000)")
    assert len(answer.content) > 90_000_000
    assert files() == before
