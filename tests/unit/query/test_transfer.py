"""Files on their way: places come back, nothing ends early without a word, nothing broken looks whole."""

import asyncio
import http.client
import signal
import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from event_lens.errors import EventLensError, Refused, Unavailable
from event_lens.registry.database import open_registry
from event_lens.registry.projects import create_project
from event_lens.settings import read_settings
from event_lens.warehouse.client import Warehouse
from query.report_context import ProjectScope
from query.statement import Statement
from query.transfer import EXPORTS_AT_ONCE, Transfers
from tests.conftest import EmbeddedServer
from tests.unit.query.conftest import QueryServer, make_key

SUBJECT = ProjectScope("p", ZoneInfo("UTC"), "")
# More than the buffers of all sockets between the warehouse and a client that does not read.
ROW_COUNT = 80_000
PROFILES = """
CREATE TABLE lens.profiles ENGINE = MergeTree ORDER BY (project_id, profile_id) AS
SELECT
    {project:String} AS project_id, toString(number) AS profile_id, true AS is_identified,
    fromUnixTimestamp64Milli(toInt64(number)) AS first_seen_at, first_seen_at AS last_seen_at,
    toUInt64(1) AS session_count, toUInt64(1) AS event_count, toDecimal64(0, 4) AS revenue,
    '' AS first_name, '' AS last_name, randomPrintableASCII(1000) AS name, '' AS email, '' AS avatar,
    '{}'::JSON AS properties
FROM numbers({count:UInt32})
"""
STATEMENTS_LEFT = (
    "SELECT count() FROM system.processes WHERE query LIKE '%FROM lens.profiles%' AND query NOT LIKE '%system%'"
)


@dataclass
class Site:
    """A project of many profiles, its key, and the two processes that answer."""

    warehouse: EmbeddedServer
    server: QueryServer
    project_id: str
    key: dict[str, str]

    @property
    def path(self) -> str:
        return f"/export/{self.project_id}/profiles.ndjson"

    def begin(self) -> socket.socket:
        """A connection on which the file was asked for."""
        client = socket.create_connection(("127.0.0.1", self.server.port), timeout=30)
        headers = "".join(f"{name}: {value}\r\n" for name, value in self.key.items())
        client.sendall(f"GET {self.path} HTTP/1.1\r\nhost: x\r\n{headers}\r\n".encode())
        return client

    @contextmanager
    def response(self) -> Iterator[http.client.HTTPResponse]:
        with closing(http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)) as connection:
            connection.request("GET", self.path, headers=self.key)
            with connection.getresponse() as response:
                yield response


@contextmanager
def running_site(home: Path) -> Iterator[Site]:
    embedded = EmbeddedServer(home)
    try:
        embedded.wait()
        registry = open_registry(read_settings({"EVENTLENS_HOME": str(home)}))
        project_id = create_project(registry, "files").project_id
        key = make_key(registry, project_id)
        registry.close()
        with Warehouse(embedded.url) as warehouse:
            warehouse.command(PROFILES, {"project": project_id, "count": ROW_COUNT})
        server = QueryServer(home, embedded.url)
        try:
            yield Site(embedded, server.wait(), project_id, key)
        finally:
            assert server.stop() == 0
    finally:
        embedded.stop()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running_site(tmp_path_factory.mktemp("files")) as site:
        yield site


def read_some(client: socket.socket) -> None:
    assert client.recv(15) == b"HTTP/1.1 200 OK"
    for _ in range(20):
        assert client.recv(10_000)


def close_in_the_middle(client: socket.socket) -> None:
    read_some(client)
    client.close()


def reset_in_the_middle(client: socket.socket) -> None:
    read_some(client)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


def close_after_not_reading(client: socket.socket) -> None:
    assert client.recv(15) == b"HTTP/1.1 200 OK"
    time.sleep(1)  # the server fills every buffer and waits
    client.close()


def close_at_once(client: socket.socket) -> None:
    client.close()


@pytest.mark.parametrize(
    "leave",
    [close_in_the_middle, reset_in_the_middle, close_after_not_reading, close_at_once],
    ids=lambda way: way.__name__,
)
def test_a_place_is_given_back_when_the_client_leaves(site: Site, leave: Callable[[socket.socket], None]) -> None:
    for _ in range(3):
        for client in [site.begin() for _ in range(EXPORTS_AT_ONCE // 2)]:
            leave(client)
    assert httpx.get(f"{site.server.url}{site.path}", headers=site.key, timeout=60).text.count("\n") == ROW_COUNT
    with Warehouse(site.warehouse.url) as warehouse:
        deadline = time.monotonic() + 20
        while warehouse.value(STATEMENTS_LEFT):
            assert time.monotonic() < deadline, "the warehouse still computes what nobody reads"


def test_a_client_may_read_for_longer_than_a_question_may_take(
    site: Site, start_query: Callable[..., QueryServer]
) -> None:
    server = start_query(site.server.log.parent, site.warehouse.url, question_seconds=2)
    started, lines = time.monotonic(), 0
    with replace(site, server=server).response() as response:
        while piece := response.read(1 << 20):
            lines += piece.count(b"\n")
            if time.monotonic() - started < 4:
                time.sleep(
                    0.5
                )  # so slowly that much of the file is still to be computed when a question's time is over
    assert time.monotonic() - started > 4
    assert lines == ROW_COUNT


def test_a_warehouse_that_breaks_in_the_middle_breaks_the_transfer(tmp_path: Path) -> None:
    with running_site(tmp_path) as site:
        with site.response() as response:
            assert response.status == 200
            assert response.read(100_000)
            site.warehouse.process.send_signal(signal.SIGKILL)
            with pytest.raises((http.client.IncompleteRead, ConnectionError)):
                response.read()
        # An error before anything was sent is still an answer.
        away = httpx.get(f"{site.server.url}{site.path}", headers=site.key)
        assert away.status_code == 503
        assert away.json()["error"]["code"] == "warehouse_unreachable"
        assert "export_broken" in site.server.log.read_text()


def test_a_statement_that_fails_in_the_middle_raises_and_shows_nothing_of_the_error(warehouse: Warehouse) -> None:
    sql = "SELECT number, throwIf(number = 3000000, 'the secret') FROM numbers(100000000)"
    read = b""

    def read_all() -> None:
        nonlocal read
        for piece in warehouse.stream(sql, "CSV"):
            read += piece

    with pytest.raises(EventLensError):
        read_all()
    assert read.startswith(b"0,0\n1,0\n")
    assert b"__exception__" not in read
    assert b"secret" not in read


def test_a_statement_that_never_ends_ends_when_the_client_leaves(warehouse_url: str) -> None:
    statement = Statement("SELECT number FROM numbers(1000000000000)", {})

    async def ask() -> None:
        transfers = Transfers(warehouse_url)
        for _ in range(EXPORTS_AT_ONCE + 1):
            begun = asyncio.Event()

            async def leave_when_it_has_begun(begun: asyncio.Event = begun) -> Any:
                await begun.wait()
                return {"type": "http.disconnect"}

            async def take(message: Any, begun: asyncio.Event = begun) -> None:
                if message["type"] == "http.response.body":
                    begun.set()

            await transfers.send(SUBJECT, statement, "CSV", {}, leave_when_it_has_begun, take)

    asyncio.run(asyncio.wait_for(ask(), 60))


def test_a_client_that_takes_nothing_loses_its_place(warehouse_url: str) -> None:
    statement = Statement("SELECT number FROM numbers(10000000)", {})

    async def never(*_: Any) -> None:
        await asyncio.Event().wait()

    async def take_the_head_only(message: Any) -> None:
        if message["type"] == "http.response.body":
            await never()

    async def ask() -> None:
        transfers = Transfers(warehouse_url, client_takes_within_seconds=0.2)
        # More often than there are places: each place must have been given back.
        for _ in range(EXPORTS_AT_ONCE + 1):
            with pytest.raises(Unavailable) as stalled:
                await transfers.send(SUBJECT, statement, "CSV", {}, never, take_the_head_only)
            assert stalled.value.code == "client_stalled"

    asyncio.run(ask())


def test_an_export_beyond_the_projects_quota_is_refused_whole_and_one_within_it_is_sent(warehouse_url: str) -> None:
    statement = Statement("SELECT number FROM numbers({rows:UInt64})", {"rows": 11})
    sent: list[Any] = []

    async def never() -> Any:
        await asyncio.Event().wait()

    async def take(message: Any) -> None:
        sent.append(message)

    async def ask() -> None:
        transfers = Transfers(warehouse_url)
        with pytest.raises(Refused) as refused:
            await transfers.send(replace(SUBJECT, export_rows=10), statement, "CSV", {}, never, take)
        assert (refused.value.code, sent) == ("export_too_large", [])
        await transfers.send(replace(SUBJECT, export_rows=11), statement, "CSV", {}, never, take)
        assert b"".join(message.get("body", b"") for message in sent).split() == [b"%d" % row for row in range(11)]

    asyncio.run(ask())
