"""npm's `@clickhouse/client` against the warehouse."""

import json
from typing import Any
from uuid import uuid4

import httpx
import pytest

from event_lens.warehouse.client import Warehouse
from tests.warehouse.node_client import need_node, run_scenario
from tests.warehouse.running import ONE_BLOCK, wait_for_statement

COMPRESSED = {"client": {"compression": {"request": True, "response": True}}}
PLAIN: dict[str, Any] = {}


@pytest.fixture(autouse=True)
def node() -> None:
    need_node()


def test_it_pings_and_learns_when_nobody_answers(warehouse_url: str) -> None:
    assert run_scenario(warehouse_url, "ping") == [{"success": True}, {"success": True}]
    assert run_scenario(warehouse_url, "pingNobody") == {"success": False, "code": "ECONNREFUSED"}


def test_it_reads_every_format_it_knows(warehouse_url: str) -> None:
    read = run_scenario(warehouse_url, "formats")
    for name, answer in read.items():
        match name:
            case "JSONObjectEachRow":
                assert answer == {"row_1": {"n": 0, "s": "0"}, "row_2": {"n": 1, "s": "1"}}
            case "JSONColumnsWithMetadata":
                assert answer["data"] == {"n": [0, 1], "s": ["0", "1"]}
            case "JSONEachRow":
                assert answer == [{"n": 0, "s": "0"}, {"n": 1, "s": "1"}]
            case _ if isinstance(answer, dict):
                assert (len(answer["data"]), [column["type"] for column in answer["meta"]]) == (2, ["UInt64", "String"])
            case _ if isinstance(answer, list):
                assert len(answer) == 2 + name.count("Names") + name.count("Types")
            case _:
                assert len(answer.splitlines()) == 2 + name.count("Names") + name.count("Types"), name
    assert len(read) == 24
    assert run_scenario(warehouse_url, "parquet") == ["PAR1", "PAR1"]


@pytest.mark.parametrize("compression", [PLAIN, COMPRESSED], ids=["plain", "gzip"])
def test_it_streams_many_rows(warehouse_url: str, compression: dict[str, Any]) -> None:
    got = run_scenario(warehouse_url, "stream", count=300_000, format="JSONEachRow", **compression)
    assert got == {"rows": 300_000, "last": '{"n":299999,"s":"299999"}'}


def test_it_binds_parameters_also_those_too_long_for_a_url(warehouse_url: str) -> None:
    got = run_scenario(warehouse_url, "parameters")
    assert got == {
        "text": "it's \\ \t\n é 日本",
        "list": ["a'b", "c"],
        "at": 1772368200,
        "none": None,
        "pairs": {"k": 1},
        "long": 100_000,
    }


@pytest.mark.parametrize("compression", [PLAIN, COMPRESSED], ids=["plain", "gzip"])
def test_it_inserts_arrays_and_streams(
    warehouse_url: str, warehouse: Warehouse, table: str, compression: dict[str, Any]
) -> None:
    got = run_scenario(warehouse_url, "inserts", table=table, **compression)
    assert [got[name]["executed"] for name in ("first", "streamed", "empty")] == [True, True, False]
    assert got["first"]["summary"]["written_rows"] == "2"
    assert got["streamed"]["summary"]["written_rows"] == "20000"
    landed = warehouse.rows(f"SELECT count() AS rows, uniqExact(n) AS ids, countIf(s = '') AS unnamed FROM {table}")
    assert landed == [{"rows": 20_007, "ids": 20_007, "unnamed": 1}]


def test_an_insert_of_one_block_it_breaks_off_lands_nothing(
    warehouse_url: str, warehouse: Warehouse, table: str
) -> None:
    options = {"client": {"clickhouse_settings": ONE_BLOCK}}
    assert run_scenario(warehouse_url, "brokenInsert", table=table, **options) == "The user aborted a request."
    assert warehouse.value(f"SELECT count() FROM {table}") == 0


def test_it_sends_commands_and_raw_statements(warehouse_url: str, warehouse: Warehouse, table: str) -> None:
    got = run_scenario(warehouse_url, "commands", table=table)
    assert got["made"]["query_id"] == "made-by-command"
    assert got["filled"]["summary"]["written_rows"] == "3"
    assert (got["counted"], got["has_query_id"], got["summary"]["written_rows"]) == ("3\n", True, "1")
    assert warehouse.rows(f"SELECT n, s FROM {table}") == [{"n": 7, "s": "seven"}]


@pytest.mark.parametrize(
    ("scenario", "query", "said"),
    [
        ("abortQuestion", "SELECT count() FROM numbers(200000000000) WHERE sipHash64(number) = 7", "The user aborted"),
        ("abortStream", "SELECT number AS streamed FROM numbers(200000000000)", "closed"),
    ],
)
def test_a_question_that_its_reader_aborts_stops(
    reader_url: str, http: httpx.Client, only_embedded: None, scenario: str, query: str, said: str
) -> None:
    assert run_scenario(reader_url, scenario, query=query, query_id=uuid4().hex).startswith(said)
    wait_for_statement(http, "200000000000", present=False)


def test_its_session_keeps_tables_and_settings(warehouse_url: str) -> None:
    got = run_scenario(warehouse_url, "sessions", session_id=uuid4().hex)
    assert got == {"rows": [{"total": 11, "size": 4321}], "outside": "UNKNOWN_TABLE"}


def test_its_query_id_and_settings_arrive_and_it_sees_the_headers(warehouse_url: str) -> None:
    query_id = uuid4().hex
    got = run_scenario(warehouse_url, "settings", query_id=query_id)
    assert got["query_id"] == got["headers"]["x-clickhouse-query-id"] == query_id
    assert got["rows"] == [{"threads": 3, "big": "18446744073709551615"}]
    assert got["headers"]["x-clickhouse-format"] == "JSONEachRow"
    assert json.loads(got["headers"]["x-clickhouse-summary"])["read_rows"] == "1"


@pytest.mark.parametrize("compression", [PLAIN, COMPRESSED], ids=["plain", "gzip"])
def test_its_errors_have_code_and_type(warehouse_url: str, compression: dict[str, Any]) -> None:
    queries = ["SELEC 1", "SELECT nope", "SELECT 1 FROM nope.nope", "SELECT throwIf(1, 'gefährlich')"]
    found = run_scenario(warehouse_url, "errors", queries=queries, **compression)
    assert [(error["code"], error["type"]) for error in found] == [
        ("62", "SYNTAX_ERROR"),
        ("47", "UNKNOWN_IDENTIFIER"),
        ("81", "UNKNOWN_DATABASE"),
        ("395", "FUNCTION_THROW_IF_VALUE_IS_NON_ZERO"),
    ]
    assert "gefährlich" in found[3]["message"]
    got = run_scenario(warehouse_url, "rolesAreUnknown", **compression)
    assert got == {"code": "511", "type": "UNKNOWN_ROLE"}


FAILING = "SELECT number, throwIf(number = {row}, 'enough') FROM numbers({row} * 2)"


@pytest.mark.parametrize("format", ["JSONEachRow", "JSONCompactEachRow", "CSV"])
def test_it_reads_why_a_stream_failed_in_the_middle(warehouse_url: str, format: str) -> None:
    query = FAILING.format(row=60_000)
    settings = {"max_block_size": 20_000, "max_threads": 1}
    got = run_scenario(warehouse_url, "errorInStream", query=query, format=format, settings=settings)
    assert got["rows"] < 60_000
    assert (got["error"]["code"], got["error"]["type"]) == ("395", "FUNCTION_THROW_IF_VALUE_IS_NON_ZERO")
    assert "enough" in got["error"]["message"]


@pytest.mark.parametrize("compression", [PLAIN, COMPRESSED], ids=["plain", "gzip"])
def test_it_never_takes_a_long_stream_that_fails_for_a_whole_one(
    warehouse_url: str, compression: dict[str, Any]
) -> None:
    query = FAILING.format(row=2_000_000)
    got = run_scenario(warehouse_url, "errorInStream", query=query, format="JSONEachRow", settings={}, **compression)
    assert 0 < got["rows"] < 2_000_000
    assert got["error"] is not None


def test_with_wait_end_of_query_a_failure_is_the_whole_answer(warehouse_url: str) -> None:
    query, settings = FAILING.format(row=2_000_000), {"wait_end_of_query": 1}
    got = run_scenario(warehouse_url, "errorInStream", query=query, format="JSONEachRow", settings=settings)
    assert (got["rows"], got["error"]["code"]) == (0, "395")


def test_its_inserts_and_questions_run_beside_each_other(warehouse_url: str, table: str) -> None:
    assert run_scenario(warehouse_url, "beside", table=table) == {"n": 4000}
