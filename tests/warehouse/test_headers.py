"""What the headers of requests and answers mean, and what stands in them."""

import json
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import httpx
import pytest

from tests.warehouse.running import wait_for_statement

# As many rows as the analyst may read, which takes minutes.
ENDLESS = "SELECT count() FROM numbers(999999999) WHERE sipHash64(toString(number), repeat('x', 500)) = 7"
SLOW = "SELECT sum(sleepEachRow(0.05)) FROM numbers(30) SETTINGS max_block_size = 1"


def test_user_database_format_and_query_id_may_be_headers(guarded_url: str) -> None:
    headers = {
        "X-ClickHouse-User": "analyst",
        "X-ClickHouse-Key": "",
        "X-ClickHouse-Database": "lens",
        "X-ClickHouse-Format": "JSONCompactEachRow",
        "X-ClickHouse-Query-Id": "by-header",
        "X-ClickHouse-Quota": "team",
    }
    answer = httpx.post(guarded_url, headers=headers, content="SELECT currentDatabase()")
    assert answer.json() == ["lens"]
    assert answer.headers["x-clickhouse-query-id"] == "by-header"
    assert answer.headers["x-clickhouse-format"] == "JSONCompactEachRow"


@pytest.mark.parametrize(
    "headers",
    [
        {"X-ClickHouse-Key": "secret"},
        {"X-ClickHouse-User": "nobody"},
        {"Authorization": "Bearer abc"},
        {"Authorization": "Basic !"},
        {"Authorization": "Basic"},
        {"Authorization": "Digest ZGVmYXVsdDo="},
    ],
)
def test_wrong_credentials_are_never_ignored(nobody: httpx.Client, guarded_url: str, headers: dict[str, str]) -> None:
    for answer in (
        nobody.post("/", headers=headers, content="SELECT 1"),
        httpx.post(guarded_url, headers=headers, content="SELECT 1"),
    ):
        # The server says that `Basic !` is not base64 (1000).
        assert answer.status_code in (401, 403, 500)
        assert answer.headers["x-clickhouse-exception-code"] in ("516", "194", "1000")


def test_every_answer_tells_server_zone_and_query_id_failures_too(http: httpx.Client) -> None:
    for sql in ("SELECT 1", "SELEC", "SELECT throwIf(1)"):
        answer = http.post("/", params={"query_id": "named"}, content=sql)
        assert answer.headers["x-clickhouse-query-id"] == "named"
        assert answer.headers["x-clickhouse-timezone"]
        assert answer.headers["x-clickhouse-server-display-name"]
    assert len(http.post("/", content="SELECT 1").headers["x-clickhouse-query-id"]) == 36


def test_the_summary_counts_what_was_read_and_written(http: httpx.Client, table: str) -> None:
    wrote = http.post("/", content=f"INSERT INTO {table} SELECT number, '' FROM numbers(10)")
    read = http.post("/", params={"wait_end_of_query": "1"}, content=f"SELECT * FROM {table} LIMIT 3")
    assert json.loads(wrote.headers["x-clickhouse-summary"])["written_rows"] == "10"
    summary = json.loads(read.headers["x-clickhouse-summary"])
    assert (summary["read_rows"], summary["result_rows"]) == ("10", "3")
    assert int(summary["elapsed_ns"]) > 0
    assert all(isinstance(value, str) for value in summary.values())


def test_progress_is_told_when_asked(http: httpx.Client) -> None:
    asked = http.post("/", params={"send_progress_in_http_headers": "1", "wait_end_of_query": "1"}, content=SLOW)
    told = [int(json.loads(line)["read_rows"]) for line in asked.headers.get_list("x-clickhouse-progress")]
    assert len(told) > 2
    assert told == sorted(told)
    assert told[-1] == 30
    assert "x-clickhouse-progress" not in http.post("/", params={"wait_end_of_query": "1"}, content=SLOW).headers


def test_wait_end_of_query_holds_back_answers_of_any_size(http: httpx.Client) -> None:
    waiting = {"wait_end_of_query": "1"}
    whole = http.post("/", params=waiting, content="SELECT number, repeat('x', 30) FROM numbers(1000000)")
    assert len(whole.content) > 30_000_000
    assert json.loads(whole.headers["x-clickhouse-summary"])["result_rows"] == "1000000"
    failed = http.post("/", params=waiting, content="SELECT throwIf(number = 4000000), number FROM numbers(5000000)")
    assert (failed.status_code, failed.headers["x-clickhouse-exception-code"]) == (500, "395")


@pytest.mark.parametrize("way", ["server", "guard as admin", "guard as analyst"])
def test_the_tag_of_the_headers_marks_a_failure_in_the_middle(
    http: httpx.Client, analyst: httpx.Client, guarded_admin: httpx.Client, way: str
) -> None:
    http = {"server": http, "guard as admin": guarded_admin, "guard as analyst": analyst}[way]
    got = bytearray()
    sql = "SELECT throwIf(number = 800000), number FROM numbers(900000)"
    with pytest.raises(httpx.RemoteProtocolError), http.stream("POST", "/", content=sql) as answer:  # noqa: PT012
        tag = answer.headers["x-clickhouse-exception-tag"].encode()
        for piece in answer.iter_raw():
            got += piece
    _, _, block = bytes(got).partition(b"\r\n__exception__\r\n" + tag + b"\r\n")
    said = block[: block.rindex(b" " + tag)].rpartition(b"\n")
    assert said[0].startswith(b"Code: 395. DB::Exception")
    assert int(said[2]) == len(said[0]) + 1
    assert block.endswith(b" " + tag + b"\r\n__exception__\r\n")


def test_two_statements_at_a_time_cannot_share_a_query_id(http: httpx.Client, analyst: httpx.Client) -> None:
    query_id = uuid4().hex
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(http.post, "/", params={"query_id": query_id}, content=ENDLESS)
        wait_for_statement(http, "999999999")
        for second in (
            http.post("/", params={"query_id": query_id}, content="SELECT 1"),
            analyst.post("/", params={"query_id": query_id}, content="SELECT 1"),
        ):
            assert second.status_code >= 400
            assert second.headers["x-clickhouse-exception-code"] == "216"
        http.post("/", content=f"KILL QUERY WHERE query_id = '{query_id}' SYNC")
        assert first.result().headers["x-clickhouse-exception-code"] == "394"
    assert http.post("/", params={"query_id": query_id}, content="SELECT 1").text == "1\n"


@pytest.mark.parametrize(("killer", "whose"), [("admin", "admin"), ("analyst", "analyst"), ("analyst", "admin")])
def test_a_statement_is_killed_by_its_query_id_as_editors_do(
    http: httpx.Client, analyst: httpx.Client, killer: str, whose: str
) -> None:
    query_id = uuid4().hex
    clients = {"admin": http, "analyst": analyst}
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(clients[whose].post, "/", params={"query_id": query_id}, content=ENDLESS)
        wait_for_statement(http, "999999999")
        kill = f"KILL QUERY WHERE query_id = '{query_id}'"
        answer = clients[killer].post("/", content=kill)
        assert answer.status_code == (200 if killer == whose else 403)
        if killer != whose:
            assert not running.done()
            http.post("/", content=f"{kill} SYNC;")
        ended = running.result()
    assert ended.headers["x-clickhouse-exception-code"] == "394"


def test_a_session_in_use_is_locked_and_one_that_expired_is_gone(http: httpx.Client, only_embedded: None) -> None:
    session, query_id = {"session_id": uuid4().hex, "session_timeout": "1"}, uuid4().hex
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(http.post, "/", params={**session, "query_id": query_id}, content=ENDLESS)
        wait_for_statement(http, "999999999")
        second = http.post("/", params=session, content="SELECT 1")
        assert (second.status_code, second.headers["x-clickhouse-exception-code"]) == (500, "373")
        http.post("/", content=f"KILL QUERY WHERE query_id = '{query_id}' SYNC")
        assert first.result().headers["x-clickhouse-exception-code"] == "394"
    # Slow statements outside of every session take longer than the timeout, which the server rounds up.
    http.post("/", content=SLOW)
    http.post("/", content=SLOW)
    http.post("/", content=SLOW)
    gone = http.post("/", params={**session, "session_check": "1"}, content="SELECT 1")
    assert (gone.status_code, gone.headers["x-clickhouse-exception-code"]) == (500, "372")


@pytest.mark.parametrize("timeout", ["-1", "x", "3601"])
def test_a_session_timeout_out_of_bounds_is_refused(http: httpx.Client, timeout: str) -> None:
    answer = http.post("/", params={"session_id": "s", "session_timeout": timeout}, content="SELECT 1")
    assert (answer.status_code, answer.headers["x-clickhouse-exception-code"]) == (500, "374")
