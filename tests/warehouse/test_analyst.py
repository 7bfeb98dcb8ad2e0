"""The read-only user asks about `lens` and reaches nothing else."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import clickhouse_connect
import httpx
import pytest

from event_lens.warehouse.client import Warehouse

pytestmark = pytest.mark.usefixtures("only_embedded")

TABLE = f"orders_{uuid4().hex[:8]}"


@pytest.fixture(scope="module")
def analyst(warehouse_url: str, guarded_url: str) -> Iterator[httpx.Client]:
    with Warehouse(warehouse_url) as owner:
        owner.command(
            f"CREATE TABLE lens.{TABLE} (a Int32, s String, tags Array(String)) ENGINE = MergeTree ORDER BY a"
        )
        owner.command(f"INSERT INTO lens.{TABLE} VALUES (1, 'x', ['p']), (2, 'y', [])")
    headers = {"X-ClickHouse-User": "analyst"}
    with httpx.Client(base_url=guarded_url, timeout=30, headers=headers) as client:
        yield client
    with Warehouse(warehouse_url) as owner:
        owner.command(f"DROP TABLE lens.{TABLE}")


ALLOWED = [
    "SELECT count() FROM {table}",
    "SELECT a FROM lens.{table} AS t WHERE a IN (SELECT a FROM lens.{table}) ORDER BY a FORMAT JSON",
    "WITH x AS (SELECT 1 AS a) SELECT * FROM x JOIN lens.{table} USING (a)",
    "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 5) SELECT sum(n) FROM r",
    "SELECT uniqCombined64State(s), quantileIf(0.5)(a, a > 0), argMaxIf(s, a, 1), topK(2)(s), sumMap(map('k', a)), "
    "groupArray(s), windowFunnel(10)(toUInt64(a), a = 1, a = 2), retention(a = 1, a = 2), countIf(a = 1) FROM {table}",
    "SELECT arrayMap(x -> x + 1, [1]), toDate('2020-01-01') + INTERVAL 1 DAY, a::String, CASE WHEN a = 1 THEN 2 ELSE 3 "
    "END, a BETWEEN 1 AND 2, EXISTS(SELECT 1), (1, 2).1, [1][1], s LIKE 'x%', NOT a, -a, s || 'b', CAST(a AS Float32), "
    "EXTRACT(YEAR FROM now()), substring(s FROM 1 FOR 1), date_trunc('day', now()), map('k', 1)['k'], a IS NULL, "
    "JSONExtractString('{{}}', 'k'), multiIf(1, 2, 3), toStartOfInterval(now(), INTERVAL 5 MINUTE), "
    "1 IN (1, 2) FROM {table}",
    "SELECT row_number() OVER (ORDER BY a), lag(a) OVER (PARTITION BY s ORDER BY a) FROM {table}",
    "SELECT tag FROM {table} ARRAY JOIN tags AS tag",
    "SELECT * APPLY toString FROM {table} LIMIT 1 BY a",
    "SELECT * FROM numbers(3) UNION ALL SELECT number FROM view(SELECT 1 AS number)",
    "SELECT 1 FORMAT `TSV`",
    "SELECT 'INTO OUTFILE', $$ SETTINGS a = 1 $$ -- file('/etc/passwd')",
    "SHOW TABLES",
    "SHOW DATABASES",
    "SHOW TABLES FROM lens LIKE '%'",
    "SHOW CREATE TABLE lens.{table}",
    "SHOW COLUMNS FROM {table}",
    "DESCRIBE TABLE lens.{table}",
    "DESC (SELECT * FROM {table})",
    "EXISTS lens.{table}",
    "EXPLAIN SELECT * FROM {table}",
    "EXPLAIN PLAN actions = 1 SELECT 1",
    "SELECT name FROM system.tables WHERE database = 'lens'",
    "SELECT count() FROM system.settings",
]

REFUSED = [
    # Other tables, named in every possible way.
    "SELECT * FROM lens_raw.events",
    "SELECT * FROM {table} UNION ALL SELECT 1, '', [] FROM lens_raw.events",
    "WITH x AS (SELECT * FROM lens_raw.events) SELECT 1 FROM x",
    "WITH (SELECT count() FROM lens_raw.events) AS n SELECT n",
    "SELECT a IN lens_raw.migrations FROM {table}",
    "SELECT a FROM {table} WHERE s GLOBAL NOT IN lens_raw.migrations",
    "SELECT in(`a\n     Identifier lens.b`, lens_raw.migrations) FROM {table}",
    "SELECT * FROM view(SELECT * FROM lens_raw.events)",
    "SELECT * FROM merge('lens_raw', '.*')",
    "SELECT * FROM `lens_raw`.`events`",
    "SELECT * FROM {{d:Identifier}}.events",
    "SELECT * FROM system.processes",
    "SELECT * FROM system.query_log",
    "SELECT * FROM system.server_settings",
    "SELECT * FROM dictionary('x')",
    "SELECT * FROM loop(lens_raw.events)",
    "SELECT * FROM mergeTreeIndex(lens_raw, events)",
    "DESCRIBE TABLE lens_raw.events",
    "SHOW CREATE TABLE lens_raw.events",
    "SHOW TABLES FROM lens_raw",
    "EXISTS lens_raw.events",
    "EXPLAIN SELECT * FROM lens_raw.events",
    "SHOW PROCESSLIST",
    "SELECT joinGet('lens_raw.x', 'a', 1)",
    "SELECT dictGet('lens_raw.x', 'a', 1)",
    "SELECT hasColumnInTable('lens_raw', 'events', 'name')",
    # Settings within the name of a format.
    "SELECT 1 FORMAT `TSV SETTINGS additional_result_filter='throwIf(1)'`",
    "SELECT 1 FORMAT `Template SETTINGS format_template_row='/etc/passwd'`",
    # Columns that describe parts, which have rows of all projects.
    "SELECT max(_part_offset) FROM {table}",
    "SELECT t._part FROM {table} AS t",
    "SELECT 1 FROM {table} WHERE throwIf(_partition_id = 'all') = 0",
    "SELECT a FROM {table} AS t JOIN {table} AS u USING (_part_index)",
    # Functions that no time limit stops.
    "SELECT arraySimilarity([1], [1], [1], [1])",
    "SELECT arrayLevenshteinDistanceWeighted([1], [1], [1], [1])",
    "SELECT polygonsUnionCartesian([[[(0., 0.)]]], [[[(0., 0.)]]])",
    "SELECT kolmogorovSmirnovTest('two-sided')(a, a) FROM {table}",
    # Files, networks, programs, Python.
    "SELECT * FROM file('/etc/passwd', 'LineAsString')",
    "SELECT file('/etc/passwd')",
    "SELECT `file`('/etc/passwd')",
    "SELECT (SELECT file('/etc/passwd'))",
    "SELECT * FROM numbers(length(file('/etc/passwd')))",
    "SELECT arrayMap(x -> file(x), ['/etc/passwd'])",
    "DESCRIBE TABLE file('/etc/passwd')",
    "DESC (SELECT file('/etc/passwd') AS a)",
    "EXPLAIN SELECT file('/etc/passwd')",
    "SELECT * FROM url('http://127.0.0.1/', 'CSV', 'a String')",
    "SELECT * FROM s3('http://127.0.0.1/x', 'CSV')",
    "SELECT * FROM remote('127.0.0.1', system.one)",
    "SELECT * FROM python(x)",
    "SELECT * FROM Python('x')",
    "SELECT * FROM executable('id', 'CSV', 'a String')",
    "SELECT * FROM mysql('h:1', 'd', 't', 'u', 'p')",
    "SELECT * FROM postgresql('h:1', 'd', 't', 'u', 'p')",
    "SELECT * FROM sqlite('/tmp/x.db', 't')",
    "SELECT * FROM fileCluster('c', '/etc/passwd')",
    "SELECT * FROM cluster('c', system.one)",
    "SELECT * FROM input('a String')",
    "SELECT * FROM filesystem('/')",
    "SELECT * FROM eval('SELECT 1')",
    "SELECT * FROM icebergLocal('/tmp')",
    "SELECT * FROM (EXPLAIN SELECT 1)",
    "SELECT filesystemAvailable()",
    "SELECT getMacro('x')",
    "SELECT aiGenerate('x')",
    "SELECT showCertificate()",
    "SELECT serverUUID()",
    "SELECT sleep(3)",
    "SELECT addressToLine(1)",
    # Statements that write, and all others that do not ask.
    "INSERT INTO {table} VALUES (3, 'z', [])",
    "INSERT INTO {table} SELECT 3, 'z', []",
    "INSERT INTO FUNCTION file('/tmp/x', 'CSV') SELECT 1",
    "CREATE TABLE lens.x (a Int8) ENGINE = Memory",
    "CREATE TEMPORARY TABLE x (a Int8)",
    "CREATE FUNCTION f AS x -> file(x)",
    "DROP TABLE lens.{table}",
    "ALTER TABLE lens.{table} DELETE WHERE 1",
    "TRUNCATE TABLE lens.{table}",
    "SYSTEM SHUTDOWN",
    "KILL QUERY WHERE 1",
    "SET readonly = 0",
    "USE lens_raw",
    "GRANT ALL ON *.* TO analyst",
    "BACKUP DATABASE lens TO Disk('d', 'x')",
    "SELECT 1 INTO OUTFILE '/tmp/event-lens-analyst'",
    "SELECT 1 INTO /* */ OUTFILE '/tmp/event-lens-analyst' FORMAT CSV",
    "EXPLAIN AST SELECT 1 INTO OUTFILE '/tmp/event-lens-analyst'",
    # Lifting limits.
    "SELECT 1 SETTINGS max_execution_time = 0",
    "SELECT * FROM (SELECT 1 SETTINGS max_memory_usage = 0)",
    "SELECT 1 SETTINGS readonly = 0",
    "SELECT 1 FORMAT CSV SETTINGS max_result_rows = 0",
    "SHOW TABLES SETTINGS readonly = 0",
]


@pytest.mark.parametrize("sql", ALLOWED)
def test_the_analyst_asks_about_lens(analyst: httpx.Client, sql: str) -> None:
    answer = analyst.post("/", content=sql.format(table=TABLE))
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("sql", REFUSED)
def test_the_analyst_reaches_nothing_else(analyst: httpx.Client, sql: str) -> None:
    answer = analyst.post("/", params={"param_d": "lens_raw"}, content=sql.format(table=TABLE))
    assert (answer.status_code, answer.headers.get("x-clickhouse-exception-code")) == (403, "497"), answer.text
    assert not Path("/tmp/event-lens-analyst").exists()


@pytest.mark.parametrize(
    "sql", ["SELECT 1; SELECT file('/etc/passwd')", "SELECT 1) FROM (SELECT 2", "SELECT '", "", ";"]
)
def test_what_does_not_parse_as_one_statement_is_a_syntax_error(analyst: httpx.Client, sql: str) -> None:
    answer = analyst.post("/", content=sql)
    assert (answer.status_code, answer.headers["x-clickhouse-exception-code"]) == (400, "62")


@pytest.mark.parametrize("parameter", ["lens_raw", "lens`.x FROM lens_raw.events --", "system"])
def test_parameters_do_not_widen_a_question(analyst: httpx.Client, parameter: str) -> None:
    answer = analyst.post("/", params={"param_d": parameter}, content="SELECT * FROM {d:Identifier}.events")
    assert answer.status_code in (403, 404)
    bound = analyst.post("/", params={"param_d": "file('/etc/passwd')"}, content="SELECT {d:String}")
    assert bound.text == "file(\\'/etc/passwd\\')\n"


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"max_execution_time": "0"}, "452"),
        ({"max_memory_usage": "99999999999999"}, "452"),
        ({"max_result_rows": "-1"}, "452"),
        ({"allow_ddl": "1"}, "164"),
        ({"readonly": "0"}, "164"),
        ({"output_format_schema": "/tmp/x"}, "164"),
        ({"format_template_row": "/etc/passwd"}, "164"),
        ({"database": "lens_raw"}, "497"),
    ],
)
def test_settings_that_lift_limits_are_refused(analyst: httpx.Client, settings: dict[str, str], code: str) -> None:
    answer = analyst.post("/", params=settings, content="SELECT 1")
    assert answer.headers["x-clickhouse-exception-code"] == code


def test_lower_limits_and_formats_may_be_sent(analyst: httpx.Client) -> None:
    settings = {"max_execution_time": "5", "output_format_json_quote_64bit_integers": "1", "join_use_nulls": "1"}
    answer = analyst.post("/", params=settings, content="SELECT toUInt64(1) AS n FORMAT JSONEachRow")
    assert answer.text == '{"n":"1"}\n'


@pytest.mark.parametrize(
    ("settings", "sql"),
    [
        ({"max_execution_time": "1"}, "SELECT count() FROM numbers(1000000000) WHERE sipHash64(number) = 1"),
        ({"max_memory_usage": "20000000"}, "SELECT length(groupArray(number)) FROM numbers(10000000)"),
        ({}, "SELECT number FROM numbers(2000000)"),
    ],
)
def test_time_memory_and_rows_are_limited(analyst: httpx.Client, settings: dict[str, str], sql: str) -> None:
    params = {**settings, "wait_end_of_query": "1"}
    try:
        answer = analyst.post("/", params=params, content=sql)
    except httpx.RemoteProtocolError:
        return
    assert answer.headers["x-clickhouse-exception-code"] in ("159", "241", "396")


def test_clickhouse_connect_works_as_the_analyst(guarded_url: str, analyst: httpx.Client) -> None:
    port = urlsplit(guarded_url).port or 8123
    with clickhouse_connect.get_client(host="127.0.0.1", port=port, username="analyst", database="lens") as client:
        assert client.query(f"SELECT a, s FROM {TABLE} ORDER BY a").result_rows == [(1, "x"), (2, "y")]
        assert client.query_arrow(f"SELECT a FROM {TABLE}").num_rows == 2
        assert client.query("SELECT {n:UInt8}", parameters={"n": 7}).result_rows == [(7,)]
