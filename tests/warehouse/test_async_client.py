"""clickhouse-connect's async client, its frames, and its external data."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import clickhouse_connect
import pandas  # type: ignore[import-untyped]
import polars
import pyarrow
import pytest
from clickhouse_connect.driver.asyncclient import AsyncClient
from clickhouse_connect.driver.exceptions import DatabaseError, StreamFailureError
from clickhouse_connect.driver.external import ExternalData

COUNT = 150_000
NUMBERS = f"SELECT number AS n, toString(number % 10) AS s FROM numbers({COUNT})"

Scenario = Callable[[AsyncClient], Awaitable[Any]]
Run = Callable[[Scenario], Any]


@pytest.fixture(params=[False, "lz4", "zstd", "gzip"], ids=str)
def run(request: pytest.FixtureRequest, warehouse_url: str) -> Run:
    """Runs a scenario with an async client of each compression."""
    return _runner(warehouse_url, compress=request.param)


@pytest.fixture
def run_plain(warehouse_url: str) -> Run:
    return _runner(warehouse_url)


def _runner(url: str, **options: Any) -> Run:
    parts = urlsplit(url)

    async def connected(scenario: Scenario) -> Any:
        client = await clickhouse_connect.get_async_client(
            host=parts.hostname or "",
            port=parts.port or 8123,
            username=parts.username or "default",
            password=parts.password or "",
            **options,
        )
        async with client:
            return await scenario(client)

    return lambda scenario: asyncio.run(connected(scenario))


async def _sizes(stream: Any, size: Callable[[Any], int]) -> int:
    async with stream as pieces:
        return sum([size(piece) async for piece in pieces])


def test_the_client_asks_and_inserts(run: Run, table: str) -> None:
    async def scenario(client: AsyncClient) -> None:
        summary = await client.insert(table, [[1, "a"], [2, "é\t\n'"]], column_names=["n", "s"])
        assert summary.written_rows == 2
        assert (await client.query(f"SELECT n, s FROM {table} ORDER BY n")).result_rows == [(1, "a"), (2, "é\t\n'")]
        assert await client.command(f"SELECT count() FROM {table}") == 2
        bound = await client.query("SELECT {a:Array(String)}", parameters={"a": ["x'y"]})
        assert bound.first_row == (["x'y"],)
        with pytest.raises(DatabaseError, match="UNKNOWN_IDENTIFIER"):
            await client.query("SELECT nope")

    run(scenario)


def test_frames_and_arrow_go_in_and_come_out(run: Run, table: str) -> None:
    async def scenario(client: AsyncClient) -> None:
        await client.insert_df(table, pandas.DataFrame({"n": range(10), "s": ["p"] * 10}))
        await client.insert_df_arrow(table, polars.DataFrame({"n": range(10, 20), "s": ["q"] * 10}))
        await client.insert_arrow(table, pyarrow.table({"n": range(20, 30), "s": ["r"] * 10}))
        sql = f"SELECT n, s FROM {table} ORDER BY n"
        assert (await client.query_df(sql))["n"].sum() == 435
        assert (await client.query_np(sql)).shape == (30,)
        assert (await client.query_arrow(sql)).column_names == ["n", "s"]
        frame = await client.query_df_arrow(sql, dataframe_library="polars")
        assert frame.group_by("s").len().sort("s")["len"].to_list() == [10, 10, 10]

    run(scenario)


def test_frames_and_arrow_stream(run: Run) -> None:
    async def scenario(client: AsyncClient) -> None:
        assert await _sizes(await client.query_df_stream(NUMBERS), len) == COUNT
        assert await _sizes(await client.query_np_stream(NUMBERS), len) == COUNT
        assert await _sizes(await client.query_row_block_stream(NUMBERS), len) == COUNT
        assert await _sizes(await client.query_arrow_stream(NUMBERS), lambda batch: int(batch.num_rows)) == COUNT
        polars_frames = await client.query_df_arrow_stream(NUMBERS, dataframe_library="polars")
        assert await _sizes(polars_frames, len) == COUNT
        assert await _sizes(await client.raw_stream(NUMBERS, fmt="TSV"), lambda piece: piece.count(b"\n")) == COUNT

    run(scenario)


def test_raw_inserts_stream(run: Run, table: str) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for first in range(0, COUNT, 10_000):
            yield b"".join(b"%d\tx\n" % number for number in range(first, first + 10_000))

    async def scenario(client: AsyncClient) -> None:
        await client.raw_insert(table, ["n", "s"], insert_block=pieces(), fmt="TSV")
        assert await client.command(f"SELECT uniqExact(n) FROM {table}") == COUNT

    run(scenario)


def test_a_failure_in_the_middle_of_a_stream_is_noticed(run: Run) -> None:
    async def scenario(client: AsyncClient) -> None:
        sql = "SELECT number, throwIf(number = 2000000, 'two million') FROM numbers(3000000)"
        with pytest.raises((StreamFailureError, DatabaseError)):
            await _sizes(await client.query_row_block_stream(sql), len)

    run(scenario)


def test_many_questions_run_at_once(run_plain: Run) -> None:
    async def scenario(client: AsyncClient) -> None:
        answers = await asyncio.gather(*[client.query(f"SELECT {number}") for number in range(40)])
        assert [answer.result_rows for answer in answers] == [[(number,)] for number in range(40)]

    run_plain(scenario)


def test_external_data_is_sent_with_the_question(run: Run) -> None:
    async def scenario(client: AsyncClient) -> None:
        data = ExternalData(
            file_name="films.csv", data=b"1,Alien\n2,Brazil\n", fmt="CSV", structure=["id UInt16", "title String"]
        )
        data.add_file(file_name="marks", data=b"1\t9.5\n2\t7\n", fmt="TSV", types=["UInt16", "Float32"])
        sql = "SELECT title, _2 FROM films JOIN marks ON id = _1 WHERE id <= {most:UInt8} ORDER BY id"
        answer = await client.query(sql, parameters={"most": 2}, external_data=data)
        assert answer.result_rows == [("Alien", 9.5), ("Brazil", 7.0)]
        assert (await client.raw_query(sql, parameters={"most": 1}, external_data=data, fmt="CSV")) == b'"Alien",9.5\n'
        with pytest.raises(DatabaseError, match="UNKNOWN_TABLE"):
            await client.query("SELECT * FROM films")

    run(scenario)


def test_long_parameters_go_as_a_form(warehouse_url: str) -> None:
    async def scenario(client: AsyncClient) -> None:
        answer = await client.query("SELECT length({text:String})", parameters={"text": "x" * 300_000})
        assert answer.first_row == (300_000,)

    _runner(warehouse_url, form_encode_query_params=True)(scenario)


def test_a_session_keeps_its_temporary_tables_but_no_external_data(warehouse_url: str) -> None:
    async def scenario(client: AsyncClient) -> None:
        await client.command("CREATE TEMPORARY TABLE mine (n UInt8)")
        await client.insert("mine", [[1], [2]])
        data = ExternalData(file_name="beside", data=b"2\n3\n", fmt="TSV", structure="n UInt8")
        shared = await client.query("SELECT n FROM mine INNER JOIN beside USING (n)", external_data=data)
        assert shared.result_rows == [(2,)]
        again = await client.query("SELECT count() FROM beside", external_data=data)
        assert again.result_rows == [(2,)]
        with pytest.raises(DatabaseError, match="UNKNOWN_TABLE"):
            await client.query("SELECT * FROM beside")
        assert (await client.query("SELECT sum(n) FROM mine")).result_rows == [(3,)]

    _runner(warehouse_url, session_id=uuid4().hex)(scenario)


def test_a_client_may_name_a_quota_key_but_no_role(warehouse_url: str) -> None:
    async def scenario(client: AsyncClient) -> None:
        assert (await client.query("SELECT 1", settings={"quota_key": "team"})).first_row == (1,)
        with pytest.raises(DatabaseError, match="UNKNOWN_ROLE"):
            await client.query("SELECT 1", settings={"role": "boss"})

    _runner(warehouse_url)(scenario)
