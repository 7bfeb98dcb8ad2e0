"""What Superset, Grafana and DBeaver ask when they draw their trees, as the read-only user."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import pytest
import sqlalchemy

from event_lens.warehouse.client import Warehouse

pytestmark = pytest.mark.usefixtures("only_embedded")


@pytest.fixture(scope="module")
def pages(warehouse_url: str) -> Iterator[str]:
    name = f"pages_{uuid4().hex[:8]}"
    with Warehouse(warehouse_url) as owner:
        owner.command(
            f"CREATE TABLE lens.{name} (day Date COMMENT 'local', path LowCardinality(String), views UInt64) "
            "ENGINE = MergeTree ORDER BY day"
        )
        owner.command(f"INSERT INTO lens.{name} VALUES ('2026-01-01', '/', 3), ('2026-01-02', '/a', 4)")
        owner.command(f"CREATE VIEW lens.{name}_view AS SELECT * FROM lens.{name}")
        yield name
        owner.command(f"DROP TABLE lens.{name}_view")
        owner.command(f"DROP TABLE lens.{name}")


def test_superset_reflects_and_asks_through_sqlalchemy(guarded_url: str, pages: str) -> None:
    port = urlsplit(guarded_url).port
    engine = sqlalchemy.create_engine(f"clickhousedb://analyst@127.0.0.1:{port}/lens")
    inspector = sqlalchemy.inspect(engine)
    schemas = inspector.get_schema_names()
    assert "lens" in schemas
    assert not {"lens_raw", "default"} & set(schemas)
    assert pages in inspector.get_table_names(schema="lens")
    assert f"{pages}_view" in {*inspector.get_table_names(schema="lens"), *inspector.get_view_names(schema="lens")}
    assert [column["name"] for column in inspector.get_columns(pages, schema="lens")] == ["day", "path", "views"]
    assert inspector.has_table(pages, schema="lens")
    with engine.connect() as connection:
        table = sqlalchemy.Table(pages, sqlalchemy.MetaData(schema="lens"), autoload_with=engine)
        total = sqlalchemy.select(sqlalchemy.func.sum(table.c.views)).where(table.c.path.in_(["/", "/a"]))
        assert connection.execute(total).scalar() == 7
        assert connection.execute(sqlalchemy.text("SELECT version()")).scalar()
    engine.dispose()


QUESTIONS = [
    # Grafana's data source.
    "SHOW DATABASES",
    "SHOW TABLES FROM lens",
    'DESC TABLE "lens"."{table}"',
    "SELECT name FROM system.databases ORDER BY name",
    "SELECT name FROM system.tables WHERE database = 'lens' ORDER BY name",
    "SELECT name, type, comment FROM system.columns WHERE database = 'lens' AND table = '{table}'",
    "SELECT version()",
    "SELECT timezone()",
    "SELECT name, description FROM system.functions WHERE origin = 'System' LIMIT 100",
    'SELECT toStartOfInterval(toDateTime("day"), INTERVAL 60 second) AS "time", count(*) AS n FROM "lens"."{table}" '
    "WHERE \"day\" >= toDate('2026-01-01') AND \"day\" <= toDate('2026-01-31') "
    "GROUP BY time ORDER BY time ASC LIMIT 1000",
    # DBeaver's plugin, besides what the driver asks.
    "SELECT VERSION()",
    "SELECT name FROM system.table_engines",
    "SELECT name as TABLE_NAME, engine as TABLE_TYPE, database as TABLE_SCHEM,comment as REMARKS, * "
    "FROM system.tables\nWHERE database = 'lens'",
    "SHOW CREATE TABLE lens.{table}",
    "SHOW CREATE TABLE `lens`.`{table}`",
    "SELECT * FROM lens.{table} LIMIT 0, 200",
    "SELECT * FROM lens.{table} LIMIT 200 OFFSET 0",
    "SELECT name, value FROM system.settings WHERE name = 'readonly'",
    "SELECT * FROM system.keywords",
    "SELECT * FROM system.data_type_families",
    "SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = 'lens'",
    "SELECT column_name FROM INFORMATION_SCHEMA.COLUMNS WHERE table_name = '{table}'",
    "SELECT schema_name FROM information_schema.schemata",
]


@pytest.mark.parametrize("sql", QUESTIONS)
def test_grafana_and_dbeaver_get_their_answers(analyst: httpx.Client, pages: str, sql: str) -> None:
    answer = analyst.post("/", content=sql.format(table=pages))
    assert answer.status_code == 200, answer.text
    assert answer.text


LISTS = [
    "SHOW DATABASES",
    "SELECT DISTINCT database FROM system.tables",
    "SELECT DISTINCT database FROM system.columns",
    "SELECT name FROM system.databases",
    "SELECT DISTINCT table_schema FROM information_schema.tables",
    "SELECT DISTINCT table_schema FROM information_schema.columns",
    "SELECT schema_name FROM information_schema.schemata",
    "WITH t AS (SELECT * FROM system.tables AS x) SELECT DISTINCT t.database FROM t",
    "SELECT DISTINCT database FROM (SELECT * FROM `system`.`tables`)",
    "SELECT DISTINCT d.name FROM system.databases AS d JOIN system.tables AS t ON t.database = d.name",
    "SELECT arrayJoin((SELECT groupArray(concat(database, '.', name)) FROM system.tables))",
]


@pytest.mark.parametrize("sql", LISTS)
def test_no_list_of_tables_names_tables_of_others(
    analyst: httpx.Client, http: httpx.Client, pages: str, sql: str
) -> None:
    seen = analyst.post("/", content=sql)
    assert seen.status_code == 200, seen.text
    assert "lens_raw" not in seen.text
    assert "default\n" not in seen.text
    assert "lens" in seen.text
    assert "lens_raw" in http.post("/", content=sql).text


def test_only_definitions_of_their_own_tables_are_shown(analyst: httpx.Client, pages: str) -> None:
    """The definition of a view of theirs names what it reads."""
    seen = analyst.post("/", content="SELECT create_table_query FROM system.tables FORMAT TSVRaw").text
    made = set(re.findall(r"^CREATE (?:OR REPLACE )?(?:MATERIALIZED )?\w+ (\w+)\.", seen, re.MULTILINE))
    assert "lens" in made
    assert not {name for name in made if name.startswith("lens_")}
