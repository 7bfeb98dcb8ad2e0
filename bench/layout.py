"""The effect of skip indexes, a codec, a projection and wide parts on `lens.events`: 10 million rows of 90 days."""

import os
import tempfile
import time
from pathlib import Path

from bench import traffic
from bench.models import build, warehouse_of
from bench.site import Site
from cli.console import console, show_table
from event_lens.warehouse.client import Warehouse

DAYS = 90
LAYOUTS = {
    "as it is": [],
    "bloom filter on path": ["ADD INDEX i path TYPE bloom_filter GRANULARITY 1"],
    "set(100) on name": ["ADD INDEX i name TYPE set(100) GRANULARITY 1"],
    "ZSTD(1) throughout": ["MODIFY SETTING default_compression_codec = 'ZSTD(1)'"],
    "projection by path": ["ADD PROJECTION p (SELECT path, local_day, count() GROUP BY path, local_day)"],
    "a file for each column": ["MODIFY SETTING min_bytes_for_wide_part = 0"],
}
QUESTIONS = {
    "a rare path": "SELECT count() FROM {table} WHERE path = '/products/1999'",
    "a rare name": "SELECT uniqExact(device_id) FROM {table} WHERE name = 'purchase'",
    "views by path": "SELECT path, count() FROM {table} WHERE local_day >= '2025-03-01' GROUP BY path",
    "people by browser": "SELECT browser, uniq(device_id) FROM {table} GROUP BY browser",
    "a property": "SELECT properties.price::Int64 AS price, count() FROM {table} GROUP BY price",
}
TIMES = 5


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="eventlens-bench-") as folder:
        site = Site(Path(folder))
        with site.warehouse() as process, warehouse_of(site) as warehouse:
            console.print(f"{DAYS} days: landing and building ...")
            traffic.history(warehouse, site.project_id, DAYS)
            build(site, process, "--full-refresh")
            warehouse.command("CREATE DATABASE bench")
            rows = [_measured(warehouse, name, changes) for name, changes in LAYOUTS.items()]
    show_table(
        f"lens.events in other layouts: bytes an event, seconds to insert, ms of a question (best of {TIMES})",
        ["layout", "bytes", "insert", *QUESTIONS],
        rows,
    )


def _measured(warehouse: Warehouse, name: str, changes: list[str]) -> list[str]:
    warehouse.command("CREATE TABLE bench.events AS lens.events")
    for change in changes:
        warehouse.command(f"ALTER TABLE bench.events {change}")
    started = time.monotonic()
    warehouse.command("INSERT INTO bench.events SELECT * FROM lens.events SETTINGS max_partitions_per_insert_block = 0")
    seconds = time.monotonic() - started
    size = warehouse.value(
        "SELECT sum(bytes_on_disk) / sum(rows) FROM system.parts WHERE active AND database = 'bench'"
    )
    row = [name, f"{size:.1f}", f"{seconds:.1f}"]
    for question in QUESTIONS.values():
        row.append(f"{1000 * min(_seconds(warehouse, question) for _ in range(TIMES)):.0f}")
    warehouse.command("DROP TABLE bench.events SYNC")
    return row


def _seconds(warehouse: Warehouse, question: str) -> float:
    started = time.monotonic()
    warehouse.rows(question.format(table="bench.events"))
    return time.monotonic() - started


if __name__ == "__main__":
    os.environ.setdefault("COLUMNS", "140")
    main()
