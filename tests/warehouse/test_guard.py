"""What passes through the guard comes out as the server said it, and users without a server's password stay apart."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import httpx
import pytest

from chdb_server.guard.engine_users import EngineUsers
from chdb_server.guard.upstream import Upstream
from event_lens.registry.database import open_registry
from event_lens.registry.sql_users import create_sql_user
from event_lens.settings import read_settings
from tests.conftest import EmbeddedServer
from tests.warehouse.running import wait_for_statement


def endless(mark: str) -> str:
    """A question that runs until somebody stops it, and that `mark` tells from others."""
    return f"SELECT count() FROM numbers(999999999) WHERE sipHash64(number, repeat('x', 500), '{mark}') = 7"


QUESTIONS = [
    "SELECT 1, 'a' FORMAT JSONEachRow",
    "SELECT number FROM numbers(200000) FORMAT RowBinary",
    "SELECT number FROM numbers(3) FORMAT Parquet",
    "SELECT 'é' FORMAT RawBLOB",
    "SELECT 1 WHERE 0",
    "SELECT nope",
    "SELECT throwIf(1)",
]
# Headers that differ from one question to the next.
OWN = {"x-clickhouse-query-id", "x-clickhouse-summary", "x-clickhouse-exception-tag", "date", "keep-alive"}
HOP_BY_HOP = {"connection", "transfer-encoding", "content-length", "server"}


@pytest.fixture
def sql_users(embedded_warehouse: EmbeddedServer) -> Iterator[list[httpx.Client]]:
    """Two users of all projects, each with a password of its own."""
    registry = open_registry(read_settings({"EVENTLENS_HOME": str(embedded_warehouse.home)}))
    clients = []
    for _ in range(2):
        user, password = create_sql_user(registry, f"u{uuid4().hex[:8]}", (), is_for_all_projects=True)
        headers = {"X-ClickHouse-User": user.name, "X-ClickHouse-Key": password}
        clients.append(httpx.Client(base_url=embedded_warehouse.guarded_url, headers=headers, timeout=60))
    yield clients
    for client in clients:
        client.close()
    registry.close()


@pytest.mark.parametrize("sql", QUESTIONS)
def test_an_answer_comes_out_as_the_server_gave_it(
    http: httpx.Client, guarded_admin: httpx.Client, analyst: httpx.Client, sql: str
) -> None:
    expected = http.post("/", params={"database": "lens"}, content=sql)
    for client in (guarded_admin, analyst):
        got = client.post("/", params={"database": "lens"}, content=sql)
        assert (got.status_code, got.content) == (expected.status_code, expected.content)
        assert _headers(got) == _headers(expected)


def _headers(answer: httpx.Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name not in OWN | HOP_BY_HOP}


@pytest.mark.parametrize("sql", ["SELECT number FROM numbers(100000)", "SELECT nope"])
def test_head_says_what_get_would_without_a_body(guarded_admin: httpx.Client, analyst: httpx.Client, sql: str) -> None:
    for client in (guarded_admin, analyst):
        got, head = (client.request(method, "/", params={"query": sql}) for method in ("GET", "HEAD"))
        assert (head.status_code, head.content) == (got.status_code, b"")
        assert head.headers["content-type"] == got.headers["content-type"]
        assert client.post("/", content="SELECT 1").text == "1\n"


def test_a_connection_goes_on_after_errors(analyst: httpx.Client, guarded_admin: httpx.Client) -> None:
    wrong = ["SELEC", "SELECT nope", "SELECT throwIf(1)", "", "DROP TABLE lens.nope", "SELECT file('/etc/passwd')"]
    for client in (analyst, guarded_admin):
        streams = set()
        for sql in wrong:
            with client.stream("POST", "/", content=sql) as answer:
                streams.add(id(answer.extensions["network_stream"]))
                answer.read()
            assert answer.status_code >= 400
            assert client.post("/", content="SELECT 1").text == "1\n"
        assert len(streams) == 1


def test_a_statement_of_the_analyst_that_is_too_large_is_refused(analyst: httpx.Client) -> None:
    answer = analyst.post("/", content=b"SELECT '" + b"x" * (1 << 20) + b"'")
    assert (answer.status_code, answer.headers["x-clickhouse-exception-code"]) == (413, "397")
    assert analyst.post("/", content="SELECT 1").text == "1\n"


def test_the_query_id_is_the_clients_or_one_of_its_own(analyst: httpx.Client) -> None:
    named = uuid4().hex
    for sql in ("SELECT 1", "SELECT nope"):
        answer = analyst.post("/", params={"query_id": named}, content=sql)
        assert answer.headers["x-clickhouse-query-id"] == named
        assert len(analyst.post("/", content=sql).headers["x-clickhouse-query-id"]) == 36


def test_sessions_of_two_users_never_meet(
    http: httpx.Client, sql_users: list[httpx.Client], analyst: httpx.Client
) -> None:
    session = {"session_id": "shared"}
    mine = uuid4().hex
    first, second = sql_users
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(first.post, "/", params={**session, "query_id": mine}, content=endless(mine))
        wait_for_statement(http, mine)
        locked = first.post("/", params=session, content="SELECT 1")
        assert locked.headers["x-clickhouse-exception-code"] == "373"
        for other in (second, analyst):
            assert other.post("/", params=session, content="SELECT 1").text == "1\n"
            gone = other.post("/", params={"session_id": f"not-{mine}", "session_check": "1"}, content="SELECT 1")
            assert gone.headers["x-clickhouse-exception-code"] == "372"
        first.post("/", content=f"KILL QUERY WHERE query_id = '{mine}'")
        assert slow.result().headers["x-clickhouse-exception-code"] == "394"


def test_one_user_does_not_stop_another_users_question(
    http: httpx.Client, sql_users: list[httpx.Client], analyst: httpx.Client
) -> None:
    first, second = sql_users
    query_id = uuid4().hex
    kill = f"KILL QUERY WHERE query_id = '{query_id}'"
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(first.post, "/", params={"query_id": query_id}, content=endless(query_id))
        wait_for_statement(http, query_id)
        for other in (second, analyst):
            assert other.post("/", content=kill).status_code == 403
            taken = other.post("/", params={"query_id": query_id}, content="SELECT 1")
            assert taken.headers["x-clickhouse-exception-code"] == "216"
        assert not running.done()
        assert first.post("/", content=kill).status_code == 200
        assert running.result().headers["x-clickhouse-exception-code"] == "394"


def test_a_name_that_nobody_has_is_refused_as_a_wrong_password_is(
    analyst: httpx.Client, sql_users: list[httpx.Client]
) -> None:
    known = {**sql_users[0].headers, "x-clickhouse-key": "wrong"}
    unknown = {**known, "x-clickhouse-user": "u_nobody"}
    answers = [analyst.post("/", content="SELECT 1", headers=headers) for headers in (known, unknown)]
    texts = [
        answer.text.replace(headers["x-clickhouse-user"], "NAME")
        for answer, headers in zip(answers, (known, unknown), strict=True)
    ]
    assert [answer.status_code for answer in answers] == [403, 403]
    assert texts[0] == texts[1]


def test_a_field_of_credentials_in_another_case_is_refused(guarded_url: str) -> None:
    for field in ("User", "PASSWORD"):
        answer = httpx.get(guarded_url, params={field: "default", "query": "SELECT 1"})
        assert answer.headers["x-clickhouse-exception-code"] == "36"


def test_the_page_opens_for_a_user_with_a_password(guarded_url: str, sql_users: list[httpx.Client]) -> None:
    name = sql_users[0].headers["X-ClickHouse-User"]
    answer = httpx.get(f"{guarded_url}/play", params={"user": name})
    assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (200, "text/html")


def test_an_answer_that_is_sent_only_when_complete_waits_in_memory(analyst: httpx.Client) -> None:
    waiting = {"wait_end_of_query": "1", "http_response_buffer_size": "100000000000", "max_block_size": "10"}
    endless_rows = "SELECT repeat('x', 100000) FROM numbers(999999999)"
    with analyst.stream("POST", "/", params=waiting, content=endless_rows) as answer:
        assert answer.status_code == 200
        assert next(answer.iter_raw()).startswith(b"xxx")
    failing = "SELECT throwIf(number = 1000) FROM numbers(2000)"
    assert analyst.post("/", params=waiting, content=failing).status_code == 500


def test_a_session_is_free_again_for_whoever_has_all_rows_and_did_not_wait_for_the_end(analyst: httpx.Client) -> None:
    """Arrow says itself where it ends: its readers ask again before they saw the end of the answer."""
    session = {"session_id": uuid4().hex}
    sql = "SELECT number FROM numbers(100000) FORMAT ArrowStream"
    length = len(analyst.post("/", params=session, content=sql).content)
    for _ in range(50):
        with analyst.stream("POST", "/", params=session, content=sql) as answer:
            pieces = answer.iter_raw()
            left = length
            while left > 0:
                left -= len(next(pieces))
            assert analyst.post("/", params=session, content="SELECT 1").text == "1\n"


def test_the_last_piece_of_an_answer_goes_out_once_the_server_has_ended_it() -> None:
    """The server frees a session before it ends the answer, and not before it sends the last piece."""

    async def ask() -> list[bool]:
        ended = asyncio.Event()

        async def end_late(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nrows\r\n")
            await writer.drain()
            # Longer than a piece takes to arrive, so that one passed on too early is seen.
            await asyncio.sleep(0.1)
            ended.set()
            writer.write(b"0\r\n\r\n")
            writer.close()

        async with await asyncio.start_server(end_late, "127.0.0.1") as server:
            upstream = Upstream(EngineUsers(server.sockets[0].getsockname()[1], {}))
            async with upstream.request("GET", "/", {}, None) as answer:
                seen = [(piece, ended.is_set()) async for piece in upstream.pieces(answer)]
            await upstream.close()
        assert b"".join(piece for piece, _ in seen) == b"rows"
        return [is_ended for _, is_ended in seen]

    assert asyncio.run(ask())[-1]
