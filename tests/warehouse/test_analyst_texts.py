"""The read-only user reaches no file, network, program or other table, however the text is written."""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from event_lens.warehouse.client import Warehouse

pytestmark = pytest.mark.usefixtures("only_embedded")

OPEN_TABLE_FUNCTIONS = {
    "generate_series",
    "generateSeries",
    "numbers",
    "numbers_mt",
    "primes",
    "values",
    "view",
    "zeros",
}
DENIED, SYNTAX, READONLY = "497", "62", "164"

AROUND_TABLES = [
    "SELECT * FROM {t}",
    "(SELECT * FROM {t})",
    "FROM {t} SELECT *",
    "SELECT * FROM (SELECT * FROM {t})",
    "SELECT * FROM (SELECT * FROM {t}) AS x (a)",
    "WITH x AS (SELECT * FROM {t}) SELECT 1",
    "WITH x AS MATERIALIZED (SELECT * FROM {t}) SELECT * FROM x",
    "WITH RECURSIVE x AS (SELECT 1 AS a UNION ALL SELECT a FROM x, {t}) SELECT * FROM x",
    "WITH (SELECT * FROM {t}) AS x SELECT x",
    "SELECT * FROM view(SELECT * FROM {t})",
    "SELECT * FROM view(SELECT * FROM view(SELECT * FROM {t}))",
    "SELECT 1 WHERE 1 IN (SELECT * FROM {t})",
    "SELECT 1 WHERE 1 GLOBAL NOT IN (SELECT * FROM {t})",
    "SELECT 1 IN {t}",
    "SELECT (SELECT count() FROM {t})",
    "SELECT EXISTS(SELECT * FROM {t})",
    "SELECT 1 = ANY(SELECT * FROM {t})",
    "SELECT arrayMap(x -> (SELECT count() FROM {t}), [1])",
    "SELECT arrayJoin((SELECT groupArray(*) FROM {t}))",
    "SELECT 1 UNION ALL SELECT * FROM {t}",
    "SELECT 1 INTERSECT SELECT * FROM {t}",
    "SELECT 1 EXCEPT SELECT * FROM {t}",
    "SELECT 1 FROM numbers(1) AS a JOIN {t} AS b ON 1",
    "SELECT 1 FROM numbers(1) AS a, {t} AS b",
    "SELECT 1 FROM numbers(1) AS a ASOF LEFT JOIN (SELECT * FROM {t}) AS b USING (n)",
    "SELECT 1 FROM numbers((SELECT count() FROM {t}))",
    "SELECT 1 LIMIT (SELECT count() FROM {t})",
    "SELECT sum(1) OVER (PARTITION BY (SELECT count() FROM {t}))",
    "SELECT * APPLY(x -> (SELECT count() FROM {t})) FROM numbers(1)",
    "SELECT * FROM {t} FINAL SAMPLE 1/2",
    "SELECT/**/*/**/FROM/* ' */{t}-- '",
    "SELECT * FROM # comment\n {t}",
    "SELECT * FROM {t} FORMAT Null",
    "SELECT * FROM {t} SETTINGS readonly = 0",
    "SELECT 1 FORMAT Null; SELECT * FROM {t}",
    "SELECT 1;\nSELECT * FROM {t}",
    "SELECT * FROM {t} INTO OUTFILE '/tmp/event-lens-analyst'",
    "SELECT * FROM {t} PARALLEL WITH SELECT * FROM {t}",
    "EXPLAIN SELECT * FROM {t}",
    "EXPLAIN AST SELECT * FROM {t}",
    "EXPLAIN SYNTAX SELECT * FROM {t}",
    "EXPLAIN QUERY TREE SELECT * FROM {t}",
    "EXPLAIN PLAN actions = 1 SELECT * FROM {t}",
    "EXPLAIN PIPELINE graph = 1 SELECT * FROM {t}",
    "EXPLAIN ESTIMATE SELECT * FROM {t}",
    "EXPLAIN EXPLAIN SELECT * FROM {t}",
    "SELECT * FROM (EXPLAIN SELECT * FROM {t})",
    "DESCRIBE TABLE {t}",
    "DESC {t}",
    "DESC (SELECT * FROM {t})",
    "DESC (SELECT 1) UNION ALL (SELECT * FROM {t})",
    "SHOW CREATE TABLE {t}",
    "EXISTS TABLE {t}",
    "CHECK TABLE {t}",
    "INSERT INTO FUNCTION {t} SELECT 1",
    "INSERT INTO TABLE FUNCTION {t} VALUES (1)",
    "INSERT INTO lens.nope SELECT * FROM {t}",
    "INSERT INTO lens.nope FROM INFILE '/etc/passwd' FORMAT CSV",
    "CREATE TEMPORARY TABLE x AS SELECT * FROM {t}",
    "CREATE TABLE lens.x AS {t}",
    "CREATE TABLE lens.x ENGINE = Memory AS SELECT * FROM {t}",
    "CREATE VIEW lens.x AS SELECT * FROM {t}",
    "CREATE MATERIALIZED VIEW lens.x ENGINE = Memory AS SELECT * FROM {t}",
    "CREATE DICTIONARY lens.x (a UInt8) PRIMARY KEY a SOURCE(CLICKHOUSE(QUERY 'SELECT * FROM {t}')) LAYOUT(FLAT())",
    "CREATE FUNCTION f AS x -> (SELECT * FROM {t})",
    "ALTER TABLE lens.x UPDATE a = (SELECT * FROM {t}) WHERE 1",
    "EXECUTE AS default SELECT * FROM {t}",
    "PREPARE x AS SELECT * FROM {t}",
    "SET dialect = 'prql'",
    "SET dialect = 'kusto', allow_experimental_kusto_dialect = 1",
    "SET param_x = 1",
]

AROUND_VALUES = [
    "SELECT {f}",
    "SELECT [{f}], ({f}, 1), map({f}, 1)",
    "SELECT 1 AS {f}",
    "SELECT 1 WHERE {f} = ''",
    "SELECT 1 FROM numbers(1) PREWHERE {f} = ''",
    "SELECT count() HAVING {f} = ''",
    "SELECT 1 QUALIFY {f} = ''",
    "SELECT 1 ORDER BY {f}",
    "SELECT 1 AS a ORDER BY a WITH FILL FROM length({f}) TO 2 STEP 1",
    "SELECT 1 AS a, 'x' AS b ORDER BY a WITH FILL FROM 0 TO 2 INTERPOLATE (b AS {f})",
    "SELECT 1 GROUP BY {f}",
    "SELECT 1 GROUP BY GROUPING SETS (({f}), ())",
    "SELECT 1 LIMIT 1 BY {f}",
    "SELECT 1 LIMIT length({f})",
    "SELECT DISTINCT ON ({f}) 1",
    "SELECT 1 FROM numbers(1) ARRAY JOIN [{f}] AS x",
    "SELECT 1 FROM numbers(1) AS a JOIN numbers(1) AS b ON {f} = ''",
    "SELECT 1 FROM numbers(length({f}))",
    "SELECT * FROM values(({f}, 1))",
    "SELECT sum(1) OVER (ORDER BY {f})",
    "SELECT sum(1) OVER (PARTITION BY {f} ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)",
    "SELECT sum(1) OVER w FROM numbers(1) WINDOW w AS (ORDER BY {f})",
    "SELECT quantile(length({f}))(1)",
    "SELECT count() FILTER (WHERE {f} = '')",
    "SELECT arrayMap(x -> {f}, [1])",
    "WITH x -> {f} AS f SELECT f(1)",
    "WITH {f} AS x SELECT x",
    "SELECT CASE WHEN 1 THEN {f} ELSE '' END",
    "SELECT 1 ? {f} : ''",
    "SELECT INTERVAL length({f}) DAY",
    "SELECT {f}::String, CAST({f} AS String)",
    "SELECT {f}[1], {f}.1, -{f}, NOT {f}, {f} IS NULL, {f} BETWEEN 1 AND 2, {f} LIKE ''",
    "SELECT 1 IN ({f}, 2), {f} IN (1)",
    "SELECT * REPLACE({f} AS number) FROM numbers(1)",
    "SELECT * APPLY(x -> {f}) FROM numbers(1)",
    "SELECT COLUMNS('n') APPLY(x -> {f}) FROM numbers(1)",
    "SELECT numbers.* APPLY(x -> {f}) FROM numbers(1)",
    "SELECT * APPLY quantile(length({f})) FROM numbers(1)",
    "SELECT 1 SETTINGS max_threads = {f}",
    "DESC (SELECT {f})",
    "EXPLAIN SELECT {f}",
]  # fmt: skip

# Texts that contain SQL, which the engine runs.
SQL_IN_TEXTS = [
    "SELECT * FROM null('a UInt8 DEFAULT file(''/etc/passwd'')')",
    "SELECT a, b FROM values('b UInt8, a String ALIAS file(''/etc/passwd'')', (1))",
    "SELECT a, b FROM values($$b UInt8, a String ALIAS file('/etc/passwd')$$, (1))",
    "SELECT a, b FROM VALUES({structure:String}, (1))",
    "SELECT a, b FROM values(CAST('b UInt8, a String ALIAS file(''/etc/passwd'')' AS String), (1))",
    "SELECT a, b FROM values(concat('b UInt8, a String ALIAS fi', 'le(''/etc/passwd'')'), (1))",
    "SELECT arrayReduce('quantile(length(file(''/etc/passwd'')))', [1])",
    "SELECT arrayReduceInRanges('groupConcat(file(''/etc/passwd''))', [(0, 1)], ['a', 'b'])",
    "SELECT initializeAggregation('quantile(length(file(''/etc/passwd'')))', 1)",
    "SELECT structureToCapnProtoSchema('a UInt8 DEFAULT file(''/etc/passwd'')')",
    "SELECT structureToProtobufSchema('a UInt8 DEFAULT file(''/etc/passwd'')')",
    "SELECT * APPLY file FROM (SELECT '/etc/passwd' AS a)",
    "SELECT * APPLY(file) FROM (SELECT '/etc/passwd' AS a)",
    "SELECT COLUMNS('a') APPLY file APPLY length FROM (SELECT '/etc/passwd' AS a)",
    "SELECT * EXCEPT (b) APPLY(`file`) FROM (SELECT '/etc/passwd' AS a, 1 AS b)",
]
# Texts that contain types, from which the engine runs nothing.
TYPES_IN_TEXTS = [
    "SELECT CAST('', 'AggregateFunction(quantile(length(file(''/etc/passwd''))), UInt8)')",
    "SELECT JSONExtract('{}', 'a', 'AggregateFunction(groupConcat(file(''/etc/passwd'')), String)')",
    "SELECT defaultValueOfTypeName('AggregateFunction(groupConcat(file(''/etc/passwd'')), String)')",
    "SELECT CAST('a', 'Enum8(file(''/etc/passwd'') = 1)')",
    "SELECT reinterpret('a', 'FixedString(length(file(''/etc/passwd'')))')",
]


@pytest.fixture(scope="module")
def analyst(guarded_url: str) -> Iterator[httpx.Client]:
    headers = {"X-ClickHouse-User": "analyst"}
    with httpx.Client(base_url=guarded_url, timeout=60, headers=headers) as client:
        yield client


@pytest.fixture(scope="module")
def marker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that no answer may hold a word of."""
    file = tmp_path_factory.mktemp("analyst") / "secret"
    file.write_text(f"secret{uuid4().hex}\n")
    return file


def _refused(analyst: httpx.Client, sql: str, marker: Path | None = None) -> None:
    params = {"param_structure": "b UInt8, a String ALIAS file('/etc/passwd')"}
    answer = analyst.post("/", params=params, content=sql)
    assert answer.status_code in (400, 403), f"{sql}\n{answer.text[:500]}"
    assert answer.headers["x-clickhouse-exception-code"] in (DENIED, SYNTAX), f"{sql}\n{answer.text[:500]}"
    assert "root:" not in answer.text
    assert marker is None or marker.read_text().strip() not in answer.text


@pytest.mark.parametrize("text", AROUND_TABLES)
def test_no_surrounding_text_opens_a_table_function_or_a_foreign_table(
    analyst: httpx.Client, marker: Path, text: str
) -> None:
    for table in (
        f"file('{marker}', 'LineAsString', 'line String')",
        f"`file`('{marker}')",
        "url('http://127.0.0.1:1/', 'CSV', 'a String')",
        "remote('127.0.0.1', system.one)",
        "python(secret)",
        "Python('secret')",
        "executable('id', 'CSV', 'a String')",
        "merge('lens_raw', '.*')",
        "lens_raw.events",
        "`lens_raw`.`events`",
        "system.processes",
    ):
        _refused(analyst, text.replace("{t}", table), marker)
    assert not Path("/tmp/event-lens-analyst").exists()


@pytest.mark.parametrize("text", AROUND_VALUES)
def test_no_surrounding_text_opens_a_function_that_reads_files_or_tables(
    analyst: httpx.Client, marker: Path, text: str
) -> None:
    for function in (
        f"file('{marker}')",
        f"`file`('{marker}')",
        "dictGet('lens_raw.x', 'a', 1)",
        "joinGet('lens_raw.x', 'a', 1)",
        "getMacro('x')",
        "sleepEachRow(1)",
        f"arrayReduce('groupConcat(file(''{marker}''))', ['a', 'b'])",
    ):
        _refused(analyst, text.replace("{f}", function), marker)


def test_every_table_function_of_the_engine_but_a_few_is_refused(analyst: httpx.Client, warehouse: Warehouse) -> None:
    names = {row["name"] for row in warehouse.rows("SELECT name FROM system.table_functions")}
    assert len(names) > 80
    assert names >= OPEN_TABLE_FUNCTIONS
    for name in sorted(names - OPEN_TABLE_FUNCTIONS):
        for arguments in ("'/etc/passwd'", "SELECT 1", "1, 2"):
            _refused(analyst, f"SELECT * FROM {name}({arguments})")
            _refused(analyst, f"DESCRIBE TABLE {name}({arguments})")


@pytest.mark.parametrize("sql", SQL_IN_TEXTS)
def test_sql_inside_of_texts_is_not_run(analyst: httpx.Client, sql: str) -> None:
    _refused(analyst, sql)


@pytest.mark.parametrize("sql", TYPES_IN_TEXTS)
def test_types_inside_of_texts_run_nothing(analyst: httpx.Client, sql: str) -> None:
    answer = analyst.post("/", content=sql)
    assert answer.status_code == 400
    assert "root:" not in answer.text
    assert answer.headers["x-clickhouse-exception-code"] not in ("107", "291")


@pytest.mark.parametrize(
    "settings",
    [
        {"dialect": "prql"},
        {"dialect": "kusto"},
        {"dialect": "clickhouse_json", "enable_json_ast_dialect": "1"},
        {"allow_experimental_prql_dialect": "1"},
        {"implicit_select": "1"},
        {"additional_table_filters": "{}"},
        {"format_schema": "/etc/passwd:x"},
        {"log_comment": "x"},
        {"max_ast_depth": "100000"},
    ],
)
def test_no_setting_changes_how_a_text_is_read(analyst: httpx.Client, settings: dict[str, str]) -> None:
    answer = analyst.post("/", params=settings, content="from numbers | take 1")
    assert (answer.status_code, answer.headers["x-clickhouse-exception-code"]) == (403, READONLY)


def test_a_question_nested_too_deeply_is_refused(analyst: httpx.Client) -> None:
    for deep in (
        "(" * 400 + "SELECT 1" + ")" * 400,
        "SELECT " + "[" * 900 + "]" * 900,
        "SELECT " + "-(" * 600 + "1" + ")" * 600,
    ):
        answer = analyst.post("/", content=deep)
        assert 400 <= answer.status_code < 500, deep


def test_allowed_questions_have_the_same_answer_as_for_the_owner(analyst: httpx.Client, http: httpx.Client) -> None:
    questions = [
        "SELECT number, sum(number) OVER (PARTITION BY number % 3 ORDER BY number "
        "ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING) FROM numbers(9) ORDER BY number",
        "SELECT * EXCEPT (b) REPLACE(a + 1 AS a) APPLY toString APPLY(x -> x || '!') FROM (SELECT 1 AS a, 2 AS b)",
        "SELECT * FROM values((1, 'a'), (2, 'it''s'))",
        "WITH 3 AS x, y AS (SELECT number AS n FROM numbers(5)) "
        "SELECT n, n > x ? 'more' : 'less' FROM y ORDER BY n DESC",
        "SELECT a FROM (SELECT 1 AS a) ORDER BY a WITH FILL FROM 0 TO 4 STEP 1",
        "SELECT number % 2 AS k, count(), groupArray(number) FROM numbers(10) GROUP BY ROLLUP(k) ORDER BY k, count()",
        "SELECT n FROM (SELECT 1 AS n INTERSECT SELECT 1 UNION ALL SELECT 2) ORDER BY n",
        "SELECT map('k', [1, 2])['k'][2], (1, 'x').2, toDate('2026-01-31') + INTERVAL 1 MONTH, CAST('2' AS UInt8), "
        "$$a'b$$",
        "SELECT {text:String}, {list:Array(UInt8)}",
        "SELECT count() FILTER (WHERE number > 3), quantileExact(0.5)(number) FROM numbers(11)",
        "SELECT tag FROM (SELECT ['a', 'b'] AS tags) ARRAY JOIN tags AS tag",
        "SELECT 1 AS `a b` FORMAT JSONEachRow",
    ]
    params = {"param_text": "it's \\\\ {x} \\n", "param_list": "[1,2]"}
    for sql in chain(questions, (f"EXPLAIN {question}" for question in questions[:4])):
        asked = analyst.post("/", params=params, content=sql)
        assert asked.status_code == 200, f"{sql}\n{asked.text}"
        assert asked.text == http.post("/", params=params, content=sql).text
