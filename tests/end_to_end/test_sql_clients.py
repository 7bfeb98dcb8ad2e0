"""The plainest SQL, `SELECT *`, of every public table: through the clients that people use, each row read."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from uuid import UUID

import clickhouse_connect
import pytest
from clickhouse_driver import Client  # type: ignore[import-untyped]

from event_lens.warehouse.access import read_access
from tests.end_to_end.running import House
from tests.end_to_end.site import Site
from tests.end_to_end.test_sql_users import Analyst, tables_of
from tests.warehouse.node_client import need_node, run_scenario

MONEY = {"revenue"}
MIN_TABLES = 27


@pytest.fixture(scope="module")
def analyst(site: Site) -> Iterator[Analyst]:
    analyst = Analyst(site.house, "of_all_projects", "--all-projects")
    yield analyst
    site.house.eventlens("sql-user", "revoke", analyst.user)


@pytest.fixture(scope="module")
def counts(house: House, site: Site) -> dict[str, int]:
    """How many rows each public table has."""
    with house.warehouse() as warehouse:
        return {table: warehouse.value(f"SELECT count() FROM lens.{table}") for table in tables_of(site.house)}


def test_clickhouse_connect_reads_every_table(analyst: Analyst, counts: dict[str, int]) -> None:
    client = clickhouse_connect.get_client(
        host="127.0.0.1",
        port=analyst.house.settings.warehouse_port,
        username=analyst.user,
        password=analyst.password,
        database="lens",
    )
    assert len(counts) >= MIN_TABLES
    for table, count in counts.items():
        read = client.query(f"SELECT * FROM lens.{table}")
        assert len(read.result_rows) == count, table
        assert_plain(table, list(read.column_names), list(read.result_rows))
        assert len(client.query_df(f"SELECT * FROM lens.{table}")) == count
    client.close()


def test_clickhouse_driver_reads_every_table_by_the_native_protocol(house: House, counts: dict[str, int]) -> None:
    password = read_access(house.settings.home).passwords["query"]
    client = Client("127.0.0.1", port=house.settings.warehouse_native_port, user="query", password=password)
    for table, count in counts.items():
        rows, columns = client.execute(f"SELECT * FROM lens.{table}", with_column_types=True)
        assert len(rows) == count, table
        assert_plain(table, [name for name, _ in columns], rows)
    client.disconnect()


def test_the_javascript_client_reads_every_table_and_no_id_loses_a_digit(
    house: House, analyst: Analyst, counts: dict[str, int]
) -> None:
    need_node()
    url = f"http://{analyst.user}:{analyst.password}@127.0.0.1:{house.settings.warehouse_port}"
    read: dict[str, list[dict[str, Any]]] = run_scenario(url, "everyTable", tables=sorted(counts))
    assert {table: len(rows) for table, rows in read.items()} == counts
    with house.warehouse() as warehouse:
        ids = warehouse.rows("SELECT toString(session_id) AS id FROM lens.sessions ORDER BY id")
    assert sorted(row["session_id"] for row in read["sessions"]) == [row["id"] for row in ids]
    assert {row["session_id"] for row in read["events"]} <= {"0", *(row["id"] for row in ids)}


def test_every_table_and_column_says_in_the_warehouse_what_it_is(house: House, site: Site) -> None:
    with house.warehouse() as warehouse:
        tables = warehouse.rows("SELECT name, comment FROM system.tables WHERE database = 'lens'")
        columns = warehouse.rows("SELECT table, name, comment, type FROM system.columns WHERE database = 'lens'")
    assert [row["name"] for row in tables if "grain: one row per" not in row["comment"]] == []
    assert [(row["table"], row["name"]) for row in columns if not row["comment"]] == []
    assert [row for row in columns if "AggregateFunction" in row["type"]] == []
    money = {row["type"] for row in columns if row["name"] in MONEY}
    assert {kind.partition("(")[0] for kind in money} == {"Decimal"}


def test_names_are_shown_next_to_ids(house: House, site: Site, analyst: Analyst) -> None:
    assert analyst.rows(f"SELECT name FROM lens.projects WHERE project_id = '{site.project}'") == [["Journey"]]


def assert_plain(table: str, names: list[str], rows: list[Any]) -> None:
    """Whether every value is one that a program can work with, and none is bytes or a float of money."""
    for row in rows:
        for name, value in zip(names, row, strict=True):
            assert not isinstance(value, bytes), f"{table}.{name}"
            assert name not in MONEY or isinstance(value, Decimal), f"{table}.{name}"
            assert name != "event_id" or isinstance(value, UUID), f"{table}.{name}"
