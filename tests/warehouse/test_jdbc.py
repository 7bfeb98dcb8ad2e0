"""The first requests of the JDBC driver (clickhouse-jdbc 0.9 over client-v2), replayed as its source makes them.

The driver itself is on Maven's registry only and does not run here: these tests send what it sends, in its headers and
its compressed blocks, and read the answers as it would.
"""

import gzip
from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest

from event_lens.warehouse.client import Warehouse
from tests.warehouse.blocks import packed, unpacked

pytestmark = pytest.mark.usefixtures("only_embedded")

SERVER = "SELECT currentUser() AS user, timezone() AS timezone, version() AS version LIMIT 1"
SCHEMAS = "SELECT name AS TABLE_SCHEM, '' AS TABLE_CATALOG FROM system.databases ORDER BY name"
TABLES = """
SELECT '' AS TABLE_CAT, t.database AS TABLE_SCHEM, t.name AS TABLE_NAME,
  if(t.is_temporary = 1, concat('Temporary', t.engine), t.engine) AS TABLE_TYPE, t.comment AS REMARKS,
  CAST(null as Nullable(String)) AS TYPE_CAT, d.engine AS TYPE_SCHEM
FROM system.tables t JOIN system.databases d ON system.tables.database = system.databases.name
WHERE t.database LIKE '{database}' AND t.name LIKE '{name}' AND ((t.engine IN ('MergeTree','View','Memory'))
  OR (t.engine NOT IN ('Log') AND NOT t.engine LIKE 'System%' AND t.is_temporary = 0))
"""
COLUMNS = """
SELECT '' AS TABLE_CAT, database AS TABLE_SCHEM, table AS TABLE_NAME, name AS COLUMN_NAME, toInt32(1111) AS DATA_TYPE,
  type AS TYPE_NAME,
  toInt32(multiIf(character_octet_length IS NOT NULL, character_octet_length, system.columns.type == 'Int8', 1,
    numeric_precision IS NOT NULL, numeric_precision, 0)) AS COLUMN_SIZE,
  toInt32(IF (numeric_scale == 0, NULL, numeric_scale)) as DECIMAL_DIGITS,
  toInt32(position(type, 'Nullable(') >= 1 ?1 : 0) as NULLABLE, system.columns.comment AS REMARKS,
  character_octet_length::Nullable(Int32) AS CHAR_OCTET_LENGTH, toInt32(system.columns.position) AS ORDINAL_POSITION,
  position(upper(type), 'NULLABLE') >= 1 ? 'YES' : 'NO' AS IS_NULLABLE,
  CAST(NULL as Nullable(Int16)) AS SOURCE_DATA_TYPE
FROM system.columns
WHERE database LIKE '{database}' AND table LIKE '{name}' AND name LIKE '%'
ORDER BY TABLE_SCHEM, TABLE_NAME, ORDINAL_POSITION
"""
KEYS = """
SELECT NULL::Nullable(String) AS TABLE_CAT, system.tables.database AS TABLE_SCHEM, system.tables.name AS TABLE_NAME,
  trim(c.1) AS COLUMN_NAME, CAST(c.2 AS Int16) AS KEY_SEQ, 'PRIMARY' AS PK_NAME
FROM system.tables
ARRAY JOIN arrayZip(splitByChar(',', primary_key), arrayEnumerate(splitByChar(',', primary_key))) as c
WHERE system.tables.primary_key <> '' AND system.tables.database ILIKE '{database}'
  AND system.tables.name ILIKE '{name}'
ORDER BY COLUMN_NAME
"""
TYPES = "SELECT name AS TYPE_NAME, alias_to, case_insensitive FROM system.data_type_families ORDER BY name"
TABLE_TYPES = "SELECT arrayJoin(['TABLE','VIEW']) AS TABLE_TYPE ORDER BY TABLE_TYPE"
NOTHING = "SELECT CAST(NULL as Nullable(String)) AS PKTABLE_CAT, CAST(NULL as Nullable(Int16)) AS KEY_SEQ LIMIT 0"


class Driver:
    """Asks as the driver does by default: rows in binary with names and types, in LZ4 blocks, who by basic auth."""

    def __init__(self, url: str, auth: tuple[str, str]) -> None:
        self._url = url
        self._auth = auth

    def post(self, body: bytes, **params: str) -> httpx.Response:
        headers = {
            "X-ClickHouse-Format": "RowBinaryWithNamesAndTypes",
            "X-ClickHouse-Database": "default",
            "X-ClickHouse-Query-Id": uuid4().hex,
            "Content-Type": "text/plain",
            "Accept-Encoding": "identity",
        }
        params = {"compress": "1", "session_id": f"sess_{uuid4()}"} | params
        return httpx.post(self._url, params=params, headers=headers, auth=self._auth, content=body)

    def ask(self, sql: str) -> list[str]:
        """The names of the columns; fails when the answer is not whole, or not in the format that was asked for."""
        answer = self.post(sql.encode())
        assert answer.status_code == 200, answer.text
        assert answer.headers["x-clickhouse-format"] == "RowBinaryWithNamesAndTypes"
        head = unpacked(answer.content)
        names, at = [], 1
        for _ in range(head[0]):
            names.append(head[at + 1 : at + 1 + head[at]].decode())
            at += 1 + head[at]
        self.rows = head[at:]
        return names


@pytest.fixture
def admin(warehouse_url: str) -> Driver:
    url = httpx.URL(warehouse_url)
    return Driver(str(url.copy_with(username=None, password=None)), (url.username, url.password))


@pytest.fixture(params=["admin", "analyst"])
def driver(request: pytest.FixtureRequest, admin: Driver, guarded_url: str) -> Driver:
    return admin if request.param == "admin" else Driver(guarded_url, ("analyst", ""))


@pytest.fixture(scope="module")
def visits(warehouse_url: str) -> Iterator[str]:
    name = f"visits_{uuid4().hex[:8]}"
    with Warehouse(warehouse_url) as owner:
        owner.command(
            f"CREATE TABLE lens.{name} (day Date, path String, seconds Nullable(Decimal(9, 2))) "
            "ENGINE = MergeTree ORDER BY (day, path)"
        )
        yield name
        owner.command(f"DROP TABLE lens.{name}")


def test_the_driver_learns_its_user_and_the_servers_zone_and_version(driver: Driver) -> None:
    assert driver.ask(SERVER) == ["user", "timezone", "version"]
    assert driver.ask("SELECT 1") == ["1"]


def test_the_driver_lists_the_tables(driver: Driver, visits: str) -> None:
    place = {"database": "lens", "name": visits}
    assert driver.ask(SCHEMAS) == ["TABLE_SCHEM", "TABLE_CATALOG"]
    assert b"lens" in driver.rows
    assert driver.ask(TABLES.format(**place))[2] == "TABLE_NAME"
    assert driver.rows.count(visits.encode()) == 1
    assert driver.ask(COLUMNS.format(**place))[3] == "COLUMN_NAME"
    assert [column in driver.rows for column in (b"day", b"path", b"seconds")] == [True] * 3
    assert driver.ask(KEYS.format(**place))[3] == "COLUMN_NAME"
    assert driver.rows.count(b"PRIMARY") == 2
    for sql in (TYPES, TABLE_TYPES, NOTHING):
        driver.ask(sql)


def test_the_drivers_errors_have_code_and_text(driver: Driver) -> None:
    answer = driver.post(b"SELECT nope")
    assert answer.headers["x-clickhouse-exception-code"] == "47"
    assert b"47. DB::Exception: " in answer.content


def test_the_driver_inserts_rows_in_compressed_blocks(
    admin: Driver, http: httpx.Client, warehouse: Warehouse, table: str
) -> None:
    rows = b"".join(number.to_bytes(8, "little") + b"\x01x" for number in range(1000))
    body = packed(http, f"INSERT INTO {table} (n, s) FORMAT RowBinary\n".encode() + rows)
    assert admin.post(body, decompress="1").status_code == 200
    assert warehouse.value(f"SELECT uniqExact(n) FROM {table} WHERE s = 'x'") == 1000


def test_prepared_statements_send_parameters_as_a_form(http: httpx.Client, analyst: httpx.Client) -> None:
    fields = {"param_text": (None, "é'\\\\"), "query": (None, "SELECT {text:String}")}
    for client in (http, analyst):
        answer = client.post("/", files=fields, headers={"X-ClickHouse-Format": "JSONCompactEachRow"})
        assert answer.json() == ["é'\\"]


def test_blocks_of_the_analyst_are_refused_with_the_remedy(http: httpx.Client, analyst: httpx.Client) -> None:
    answer = analyst.post("/", params={"decompress": "1"}, content=packed(http, b"SELECT 1"))
    assert (answer.status_code, answer.headers["x-clickhouse-exception-code"]) == (400, "36")
    assert "uncompressed" in answer.text
    zipped = analyst.post("/", headers={"Content-Encoding": "gzip"}, content=gzip.compress(b"SELECT 1"))
    assert (zipped.status_code, zipped.headers["x-clickhouse-exception-code"]) == (400, "36")
    assert "uncompressed" in zipped.text


def test_damaged_blocks_are_refused_and_land_nothing(
    admin: Driver, http: httpx.Client, warehouse: Warehouse, table: str
) -> None:
    # Only a few bytes, because after a wrong hash the server looks for the bit that flipped.
    rows = b"".join(b"%d\tabc\n" % number for number in range(300))
    whole = packed(http, rows)
    into = f"INSERT INTO {table} FORMAT TSV"
    for body in (whole[:-5], whole[:40] + b"?" + whole[41:], whole[:-40], rows, b"no blocks at all"):
        answer = admin.post(body, decompress="1", query=into)
        assert answer.status_code >= 400
        assert int(answer.headers["x-clickhouse-exception-code"]) != 1002
    assert warehouse.value(f"SELECT count() FROM {table}") == 0
    assert admin.post(whole, decompress="1", query=into).status_code == 200
    assert warehouse.value(f"SELECT uniqExact(n) FROM {table}") == 300


def test_a_failure_in_the_middle_of_blocks_is_in_the_blocks(http: httpx.Client, analyst: httpx.Client) -> None:
    sql = "SELECT throwIf(number = 800000), number FROM numbers(900000)"
    for client in (http, analyst):
        got = bytearray()
        with (  # noqa: PT012
            pytest.raises(httpx.RemoteProtocolError),
            client.stream("POST", "/", params={"compress": "1"}, content=sql) as answer,
        ):
            for piece in answer.iter_raw():
                got += piece
        assert b"Code: 395." in unpacked(bytes(got))[-1500:]
