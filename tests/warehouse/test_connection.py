"""The `Warehouse` the whole house speaks through."""

import io
import json
import os
from uuid import uuid4

import polars
import pytest

from event_lens.errors import Refused, Unavailable
from event_lens.warehouse.client import Warehouse


def _lines(project_id: str, count: int) -> bytes:
    rows = (
        {
            "event_id": str(uuid4()),
            "project_id": project_id,
            "name": "screen_view",
            "device_id": f"d{number % 7}",
            "device_kind": "client",
            "created_at": f"{1_790_000_000 + number * 600}.123",
            "received_at": "1790000000.456",
            "properties": {"seen": "2026-01-01T00:00:00Z", "n": number},
            "not_a_column": 1,
        }
        for number in range(count)
    )
    return "\n".join(json.dumps(row) for row in rows).encode()


def test_values_are_bound_by_the_server(warehouse: Warehouse) -> None:
    hostile = "x' OR 1 -- \\ \t\n{a:String} ; DROP"
    assert warehouse.value("SELECT {text:String}", {"text": hostile}) == hostile
    assert warehouse.value("SELECT {list:Array(String)}", {"list": [hostile, "b"]}) == [hostile, "b"]
    assert warehouse.value("SELECT {none:Nullable(String)}", {"none": None}) is None
    assert warehouse.value("SELECT 1 WHERE 0") is None


def test_rows_and_frames_hold_the_same(warehouse: Warehouse) -> None:
    sql = "SELECT number AS n, toString(number) AS text FROM numbers({count:UInt32})"
    rows = warehouse.rows(sql, {"count": 3})
    assert rows == [{"n": 0, "text": "0"}, {"n": 1, "text": "1"}, {"n": 2, "text": "2"}]
    frame = warehouse.frame(sql, {"count": 3}, {"max_threads": 1})
    assert frame.to_dicts() == rows
    assert frame.schema == {"n": polars.UInt64, "text": polars.String}


@pytest.mark.parametrize("count", [0, 5, 200_000])
def test_every_format_streams_as_one_document(warehouse: Warehouse, count: int) -> None:
    sql = "SELECT number AS n, toString(number) AS text FROM numbers({count:UInt32})"
    parquet = b"".join(warehouse.stream(sql, "Parquet", {"count": count}))
    assert polars.read_parquet(io.BytesIO(parquet)).height == count
    document = json.loads(b"".join(warehouse.stream(sql, "JSON", {"count": count})))
    assert document["rows"] == len(document["data"]) == count
    lines = b"".join(warehouse.stream(sql, "CSVWithNames", {"count": count})).splitlines()
    assert lines[0] == b'"n","text"'
    assert len(lines) == count + 1


@pytest.mark.parametrize("count", [3, 25_000])
def test_a_segment_sent_again_with_its_token_lands_once(warehouse: Warehouse, count: int) -> None:
    project_id, token = uuid4().hex, uuid4().hex
    body = _lines(project_id, count)
    for _ in range(3):
        warehouse.insert_lines("lens_raw.events", body, token=token)
    landed = warehouse.rows(
        "SELECT count() AS rows, uniqExact(event_id) AS ids FROM lens_raw.events WHERE project_id = {p:String}",
        {"p": project_id},
    )
    assert landed == [{"rows": count, "ids": count}]
    warehouse.insert_lines("lens_raw.events", body, token=uuid4().hex)
    rows = "SELECT count() FROM lens_raw.events WHERE project_id = {p:String}"
    assert warehouse.value(rows, {"p": project_id}) == 2 * count
    first = warehouse.rows(
        "SELECT toString(created_at) AS at, properties FROM lens_raw.events WHERE project_id = {p:String} "
        "ORDER BY created_at LIMIT 1",
        {"p": project_id},
    )
    assert first == [{"at": "2026-09-21 14:13:20.123", "properties": {"n": 0, "seen": "2026-01-01T00:00:00Z"}}]


def test_one_bad_line_lands_nothing_of_its_segment(warehouse: Warehouse) -> None:
    project_id = uuid4().hex
    with pytest.raises(Refused, match="created_at"):
        warehouse.insert_lines(
            "lens_raw.events", _lines(project_id, 10) + b'\n{"created_at": "soon"}', token=uuid4().hex
        )
    assert warehouse.value("SELECT count() FROM lens_raw.events WHERE project_id = {p:String}", {"p": project_id}) == 0


@pytest.mark.parametrize(
    ("sql", "code"),
    [("SELEC 1", 62), ("SELECT nope", 47), ("SELECT 1 FROM lens.nope", 60), ("SELECT toDate([1])", 43)],
)
def test_a_wrong_statement_is_refused_with_its_code(warehouse: Warehouse, sql: str, code: int) -> None:
    with pytest.raises(Refused) as refusal:
        warehouse.rows(sql)
    assert refusal.value.code == f"warehouse_{code}"


def test_a_statement_that_takes_too_long_or_too_much_is_unavailable(warehouse: Warehouse) -> None:
    slow = {"max_execution_time": 1, "max_block_size": 1}
    with pytest.raises(Unavailable) as late:
        warehouse.rows("SELECT sleepEachRow(0.1) FROM numbers(100)", settings=slow)
    assert late.value.code == "warehouse_159"
    with pytest.raises(Unavailable) as big:
        warehouse.rows("SELECT groupArray(number) FROM numbers(10000000)", settings={"max_memory_usage": 10_000_000})
    assert big.value.code == "warehouse_241"


@pytest.mark.parametrize("asked", [0, 10**15])
def test_no_statement_takes_all_memory_whatever_it_asks_for(
    warehouse: Warehouse, only_embedded: None, asked: int
) -> None:
    # 80 GB in one piece: the server refuses before it allocates any of it.
    huge = {"max_memory_usage": asked, "function_range_max_elements_in_block": 10**11}
    with pytest.raises(Unavailable, match=r"total\) memory limit exceeded") as refusal:
        warehouse.rows("SELECT length(range(10000000000))", settings=huge)
    assert refusal.value.code == "warehouse_241"


def test_all_statements_together_leave_half_of_the_machine_to_others(warehouse: Warehouse, only_embedded: None) -> None:
    most = warehouse.value("SELECT toUInt64(value) FROM system.server_settings WHERE name = 'max_server_memory_usage'")
    one = warehouse.value("SELECT toUInt64(value) FROM system.settings WHERE name = 'max_memory_usage'")
    assert 0 < one < most <= os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2


def test_a_stream_that_fails_on_its_way_does_not_look_complete(warehouse: Warehouse) -> None:
    with pytest.raises((Refused, Unavailable)):
        list(warehouse.stream("SELECT throwIf(number = 2000000), number FROM numbers(3000000)", "CSV"))


def test_an_absent_warehouse_is_unavailable_and_does_not_answer_a_ping() -> None:
    with Warehouse("http://127.0.0.1:1") as absent:
        assert absent.ping() is False
        with pytest.raises(Unavailable, match="EVENTLENS_WAREHOUSE_URL"):
            absent.rows("SELECT 1")


def test_the_warehouse_answers_a_ping(warehouse: Warehouse) -> None:
    assert warehouse.ping() is True
