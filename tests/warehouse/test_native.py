"""ClickHouse's native protocol, as `clickhouse-driver` speaks it."""

from collections.abc import Iterator
from typing import Any

import pytest
from clickhouse_driver import Client  # type: ignore[import-untyped]
from clickhouse_driver.errors import Error, ServerException  # type: ignore[import-untyped]

from event_lens.warehouse.access import SERVICES, read_access
from tests.conftest import EmbeddedServer

WRONG_PASSWORD = 516
TOO_MANY_QUERIES = 202
ACCESS_DENIED = 497


def connect(server: EmbeddedServer, user: str, password: str) -> Any:
    return Client("127.0.0.1", port=server.native_port, user=user, password=password, connect_timeout=10)


@pytest.fixture
def admin(embedded_warehouse: EmbeddedServer) -> Iterator[Any]:
    client = connect(embedded_warehouse, "admin", read_access(embedded_warehouse.home).passwords["admin"])
    yield client
    client.disconnect()


def test_the_native_client_asks_with_parameters_and_streams(admin: Any) -> None:
    assert admin.execute("SELECT 1, 'a', [1, 2], NULL") == [(1, "a", [1, 2], None)]
    bound = admin.execute("SELECT {a:String}, {b:UInt8}", {"a": "x'y", "b": 7}, settings={"server_side_params": True})
    assert bound == [("x'y", 7)]
    rows = admin.execute_iter("SELECT number FROM numbers(300000)", settings={"max_block_size": 10_000})
    assert sum(row[0] for row in rows) == 44_999_850_000


def test_the_native_client_inserts_rows_and_learns_their_number(admin: Any, table: str) -> None:
    assert admin.execute(f"INSERT INTO {table} (n, s) VALUES", [(number, "é\t'") for number in range(50_000)]) == 50_000
    assert admin.execute(f"SELECT count(), uniqExact(n), any(s) FROM {table}") == [(50_000, 50_000, "é\t'")]


@pytest.mark.parametrize(
    ("sql", "code"), [("SELEC 1", 62), ("SELECT nope", 47), ("SELECT throwIf(1, 'on purpose')", 395)]
)
def test_native_errors_have_codes_and_the_connection_stays(admin: Any, sql: str, code: int) -> None:
    with pytest.raises(ServerException) as failure:
        admin.execute(sql)
    assert failure.value.code == code
    assert admin.execute("SELECT 1") == [(1,)]


def test_an_insert_that_fails_lands_nothing(admin: Any, table: str) -> None:
    admin.execute(f"ALTER TABLE {table} ADD CONSTRAINT small CHECK n < 10")
    with pytest.raises(ServerException) as failure:
        admin.execute(f"INSERT INTO {table} (n, s) VALUES", [(number, "") for number in range(20)])
    assert failure.value.code == 469
    assert admin.execute(f"SELECT count() FROM {table}") == [(0,)]


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_has_a_password_of_its_own(embedded_warehouse: EmbeddedServer, service: str) -> None:
    passwords = read_access(embedded_warehouse.home).passwords
    client = connect(embedded_warehouse, service, passwords[service])
    assert client.execute("SELECT currentUser()") == [(service,)]
    client.disconnect()
    for password in ("", "guess", *(other for name, other in passwords.items() if name != service)):
        refused(embedded_warehouse, service, password, WRONG_PASSWORD)


def test_a_service_that_reads_cannot_write(embedded_warehouse: EmbeddedServer, table: str) -> None:
    reader = connect(embedded_warehouse, "query", read_access(embedded_warehouse.home).passwords["query"])
    assert reader.execute("SELECT count() >= 0 FROM lens_raw.events") == [(1,)]
    for sql in (f"INSERT INTO {table} SELECT 1, 'a'", f"SELECT * FROM {table}", f"DROP TABLE {table}"):
        with pytest.raises(ServerException) as failure:
            reader.execute(sql)
        assert failure.value.code in (ACCESS_DENIED, 164), sql
    reader.disconnect()


@pytest.mark.parametrize("user", ["analyst", "project_analyst", "parser", "nobody", "admin"])
@pytest.mark.parametrize("password", ["", "guess"])
def test_nobody_gets_in_without_a_password(embedded_warehouse: EmbeddedServer, user: str, password: str) -> None:
    refused(embedded_warehouse, user, password, WRONG_PASSWORD)


def test_the_holder_runs_nothing_over_the_native_protocol(embedded_warehouse: EmbeddedServer) -> None:
    """The statement that holds the server runs as `default`, and nothing runs beside it."""
    refused(embedded_warehouse, "default", "", TOO_MANY_QUERIES)


def test_no_user_at_all_gets_in(embedded_warehouse: EmbeddedServer) -> None:
    with pytest.raises((Error, EOFError)):
        connect(embedded_warehouse, "", "").execute("SELECT 1")


def refused(server: EmbeddedServer, user: str, password: str, code: int) -> None:
    client = connect(server, user, password)
    with pytest.raises(ServerException) as failure:
        client.execute("SELECT 1")
    assert failure.value.code == code
    client.disconnect()
