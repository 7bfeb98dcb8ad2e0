"""dbt-clickhouse against the warehouse, as a real process with a small project of its own."""

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from event_lens.warehouse.client import Warehouse

PROJECT = """
name: tiny
version: "1.0"
config-version: 2
profile: tiny
flags:
  send_anonymous_usage_stats: false
"""

PROFILE = """
tiny:
  target: dev
  outputs:
    dev:
      {{type: clickhouse, schema: {schema}, host: {host}, port: {port}, user: {user}, password: "{password}"}}
"""

DAILY = """
{{ config(materialized="incremental", incremental_strategy="insert_overwrite", engine="MergeTree()",
          partition_by=["day"], order_by=["day", "number"], on_schema_change="fail") }}
select toDate('2026-01-01') + intDiv(number, 10) as day, number, toString({{ var("run") }}) as run
from numbers({{ var("first") }}, {{ var("count") }})
"""

LATEST = """
{{ config(materialized="incremental", incremental_strategy="delete+insert", unique_key="number",
          engine="MergeTree()", order_by="number") }}
select number, run from {{ ref("daily") }}
{% if is_incremental() %} where run = toString({{ var("run") }}) {% endif %}
"""

TOTALS = """
{{ config(materialized="view") }}
select day, count() as row_count from {{ ref("daily") }} group by day
"""

SCHEMA = """
version: 2
models:
  - name: daily
    config: {contract: {enforced: true}}
    columns:
      - {name: day, data_type: Date, data_tests: [not_null]}
      - {name: number, data_type: UInt64, data_tests: [unique]}
      - {name: run, data_type: String}
  - name: latest
    columns:
      - {name: number, data_tests: [unique, not_null]}
"""


@pytest.fixture
def project(tmp_path: Path, warehouse_url: str) -> Path:
    parts = urlsplit(warehouse_url)
    profile = PROFILE.format(
        schema=f"tiny_{uuid4().hex[:10]}",
        host=parts.hostname,
        port=parts.port,
        user=parts.username or "default",
        password=parts.password or "",
    )
    files = {"daily.sql": DAILY, "latest.sql": LATEST, "totals.sql": TOTALS, "schema.yml": SCHEMA}
    (tmp_path / "models").mkdir()
    for name, text in files.items():
        (tmp_path / "models" / name).write_text(text)
    (tmp_path / "dbt_project.yml").write_text(PROJECT)
    (tmp_path / "profiles.yml").write_text(profile)
    return tmp_path


def _build(project: Path, run: int, first: int, count: int) -> None:
    values = f"{{run: {run}, first: {first}, count: {count}}}"
    command = [str(Path(sys.executable).with_name("dbt")), "build", "--vars", values]
    environment = {**os.environ, "DBT_PROFILES_DIR": str(project), "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"}
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=120, env=environment, cwd=project, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:]


def test_incremental_models_replace_their_days_and_keys_and_tests_pass(project: Path, warehouse: Warehouse) -> None:
    schema = (project / "profiles.yml").read_text().split("schema: ")[1].split(",")[0]
    _build(project, run=1, first=0, count=30)
    _build(project, run=2, first=10, count=15)
    days = warehouse.rows(f"SELECT toString(day) AS day, row_count FROM {schema}.totals ORDER BY day")
    assert days == [
        {"day": "2026-01-01", "row_count": 10},
        {"day": "2026-01-02", "row_count": 10},
        {"day": "2026-01-03", "row_count": 5},
    ]
    runs = f"SELECT run, count() AS rows FROM {schema}.latest GROUP BY run ORDER BY run"
    assert warehouse.rows(runs) == [{"run": "1", "rows": 15}, {"run": "2", "rows": 15}]
    warehouse.command(f"DROP DATABASE {schema}")
