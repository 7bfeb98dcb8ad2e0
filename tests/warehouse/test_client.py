"""clickhouse-connect against the warehouse, as notebooks and other people's tools use it."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import clickhouse_connect
import pyarrow
import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError

from event_lens.warehouse.client import Warehouse


def _connect(url: str, **options: Any) -> Client:
    parts = urlsplit(url)
    return clickhouse_connect.get_client(
        host=parts.hostname or "",
        port=parts.port or 8123,
        username=parts.username or "default",
        password=parts.password or "",
        **options,
    )


@pytest.fixture(params=[False, "lz4", "zstd", "gzip"], ids=str)
def client(request: pytest.FixtureRequest, warehouse_url: str) -> Iterator[Client]:
    # The engine frees a session just after the last byte of an answer: the next statement may find it locked.
    with _connect(warehouse_url, compress=request.param, autogenerate_session_id=False) as connected:
        yield connected


@pytest.fixture
def table(warehouse: Warehouse) -> Iterator[str]:
    name = f"default.c_{uuid4().hex[:12]}"
    warehouse.command(
        f"CREATE TABLE {name} (id UInt64, name LowCardinality(String), at DateTime64(3, 'UTC'), price Decimal(18, 4), "
        "tags Array(String), note Nullable(String), extra JSON) ENGINE = MergeTree ORDER BY id"
    )
    yield name
    warehouse.command(f"DROP TABLE {name}")


def test_native_rows_come_back_as_they_went(client: Client, table: str) -> None:
    at = datetime(2026, 3, 1, 12, 30, 0, 123000, tzinfo=UTC)
    rows = [[1, "a", at, "1.5000", ["x", "y"], None, {"k": {"n": 1}}], [2, "b", at, "-2.0000", [], "é\t\n'", {}]]
    client.insert(table, rows)
    got = client.query(f"SELECT id, name, at, toString(price), tags, note FROM {table} ORDER BY id").result_rows
    assert [row[0] for row in got] == [1, 2]
    assert got[1][5] == "é\t\n'"
    assert got[0][2].replace(tzinfo=UTC) == at
    assert client.query(f"SELECT extra.k.n FROM {table} WHERE id = 1").result_rows == [(1,)]


def test_many_rows_stream_in_blocks_frames_and_arrow(client: Client, table: str) -> None:
    count = 150_000
    client.insert_arrow(table, pyarrow.table({"id": list(range(count)), "name": ["n"] * count}))
    sql = f"SELECT id, name FROM {table}"
    with client.query_row_block_stream(sql) as blocks:
        assert sum(len(block) for block in blocks) == count
    with client.query_arrow_stream(sql) as batches:
        assert sum(batch.num_rows for batch in batches) == count
    assert client.query_arrow(sql).num_rows == count
    assert client.query_np(sql).shape[0] == count
    assert len(client.query_df(sql)) == count
    assert client.raw_query(sql, fmt="TabSeparated").count(b"\n") == count


def test_parameters_commands_and_errors_pass(client: Client) -> None:
    bound = client.query("SELECT {a:String}, {b:Array(Int32)}", parameters={"a": "x'y", "b": [1, 2]})
    assert bound.first_row == ("x'y", [1, 2])
    assert client.command("SELECT 41 + 1") == 42
    assert client.query("SELECT 1 AS a WHERE 0").result_rows == []
    assert client.query_arrow("SELECT 1 AS a WHERE 0").column_names == ["a"]
    assert client.query("SELECT 1 AS a, 'x' AS b LIMIT 0").column_names == ("a", "b")
    with pytest.raises(DatabaseError, match="UNKNOWN_IDENTIFIER") as failure:
        client.query("SELECT nope")
    assert failure.value.code == 47


def test_an_insert_reports_what_it_wrote(client: Client, table: str) -> None:
    summary = client.insert(table, [[number, "n"] for number in range(10)], column_names=["id", "name"])
    assert summary.written_rows == 10
    assert client.query(f"SELECT count() FROM {table}").summary["read_rows"]


def test_a_client_keeps_its_session(warehouse_url: str) -> None:
    with _connect(warehouse_url, autogenerate_session_id=True) as client:
        client.command("CREATE TEMPORARY TABLE mine (n UInt8)")
        client.insert("mine", [[1], [2]])
        assert client.query("SELECT sum(n) FROM mine").result_rows == [(3,)]


def test_inserts_and_questions_run_beside_each_other(warehouse_url: str, table: str) -> None:
    def land(part: int) -> None:
        with _connect(warehouse_url, autogenerate_session_id=False) as client:
            for round_number in range(5):
                start = (part * 5 + round_number) * 2_000
                rows = [[number, f"p{part}"] for number in range(start, start + 2_000)]
                client.insert(table, rows, column_names=["id", "name"])

    def ask(_: int) -> int:
        with _connect(warehouse_url, autogenerate_session_id=False) as client:
            counts = [client.query(f"SELECT count() FROM {table}").result_rows[0][0] for _ in range(10)]
        assert counts == sorted(counts)
        return int(counts[-1])

    with ThreadPoolExecutor(6) as pool:
        landings = [pool.submit(land, part) for part in range(3)]
        questions = [pool.submit(ask, number) for number in range(3)]
        for landing in landings:
            landing.result()
        for question in questions:
            question.result()
    assert ask(0) == 30_000
