"""Three years of days in every table: the number of parts and files, the disk space, and the time that the embedded
warehouse takes to start.
"""

import os
import tempfile
import time
from pathlib import Path

from bench import traffic
from bench.models import build, define, show_models, warehouse_of
from bench.site import Site
from cli.console import console, show_table

DAYS = 3 * 365
VISITS_A_DAY = 60


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="eventlens-bench-") as folder:
        site = Site(Path(folder))
        define(site)
        with site.warehouse() as process, warehouse_of(site) as warehouse:
            console.print(f"{DAYS:,} days: landing ...")
            traffic.history(warehouse, site.project_id, DAYS, visits_a_day=VISITS_A_DAY)
            full = build(site, process, "--full-refresh")
            show_models("a full refresh of three years", full, 8)
            rows = warehouse.rows(
                """
                SELECT
                    concat(database, '.', table) AS name,
                    count() AS parts,
                    sum(files) AS files,
                    sum(bytes_on_disk) AS size
                FROM system.parts
                WHERE active AND startsWith(database, 'lens')
                GROUP BY name
                ORDER BY parts DESC, name
                """
            )
            events = warehouse.value("SELECT count() FROM lens_raw.events")
        started = time.monotonic()
        with site.warehouse():
            seconds = time.monotonic() - started
        on_disk = sum(len(files) for _, _, files in os.walk(site.home / "warehouse"))
    show_table(
        "Active parts by table",
        ["table", "parts", "files", "MB"],
        [[row["name"], f"{row['parts']:,}", f"{row['files']:,}", f"{row['size'] / 1e6:.1f}"] for row in rows],
    )
    show_table(
        f"Three years of days, {events:,} events",
        ["parts", "their files", "all files", "MB", "full refresh", "start"],
        [
            [
                f"{sum(row['parts'] for row in rows):,}",
                f"{sum(row['files'] for row in rows):,}",
                f"{on_disk:,}",
                f"{sum(row['size'] for row in rows) / 1e6:.0f}",
                f"{full.sql_seconds:.1f} s",
                f"{seconds:.1f} s",
            ]
        ],
    )


if __name__ == "__main__":
    main()
