"""The cost of builds at several lengths of history: of everything from scratch, of one more hour, and of identity
changes.

The seconds are those in which at least one model was being built, without tests. `logins` is the additional cost of an
hour in which one visit in twelve signs in.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from subprocess import Popen

from bench import traffic
from bench.site import Site, peak_mib, reset_peak
from cli.console import console, show_table
from event_lens.registry.database import open_registry
from event_lens.registry.definitions.cohorts import Criterion, create_cohort
from event_lens.registry.definitions.funnels import create_funnel
from event_lens.registry.definitions.goals import create_goal
from event_lens.registry.definitions.retentions import create_retention
from event_lens.warehouse.access import connect
from event_lens.warehouse.client import Warehouse

DAYS = {"1": 9, "10": 90, "30": 270}
BUILD = [sys.executable, "-m", "cli.main", "build"]


@dataclass
class Built:
    """One build: the seconds of each model (without its tests), of all SQL and of the whole command, and its peak
    memory in MiB.
    """

    seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    sql_seconds: float = 0.0
    test_seconds: float = 0.0
    command_seconds: float = 0.0
    peak_mib: float = 0.0


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--millions", nargs="+", choices=DAYS, default=["1", "10"], help="events of history")
    arguments.add_argument("--slowest", type=int, default=12, help="how many models to show")
    chosen = arguments.parse_args()
    rows: list[list[str]] = []
    for size in chosen.millions:
        with tempfile.TemporaryDirectory(prefix="eventlens-bench-") as folder:
            site = Site(Path(folder))
            define(site)
            with site.warehouse() as process, warehouse_of(site) as warehouse:
                console.print(f"{size} million events: landing ...")
                end = traffic.history(warehouse, site.project_id, DAYS[size])
                full = build(site, process, "--full-refresh")
                show_models(f"a full refresh, {size} M events", full, chosen.slowest)
                disk = bytes_an_event(warehouse)
                hour = _hour(site, process, warehouse, end, number=1, logins=False)
                show_models(f"an hour after {size} M events", hour, chosen.slowest)
                logins = _hour(site, process, warehouse, end, number=2, logins=True)
                rows.append(
                    [
                        f"{size} M",
                        f"{full.sql_seconds:.1f}",
                        f"{full.test_seconds:.1f}",
                        f"{full.peak_mib:,.0f}",
                        f"{hour.sql_seconds:.1f}",
                        f"{hour.sql_seconds / full.sql_seconds:.2f}",
                        f"{hour.test_seconds:.1f}",
                        f"{logins.sql_seconds - hour.sql_seconds:+.1f}",
                        f"{hour.command_seconds:.0f}",
                        *disk,
                    ]
                )
    show_table(
        "Builds: seconds of SQL, peak memory of the warehouse, bytes an event on disk",
        ["events", "full", "tests", "MiB", "hour", "of full", "tests", "logins", "command", "raw B", "lens B", "parts"],
        rows,
    )


def define(site: Site) -> dict[str, str]:
    """Define a funnel, a retention, a cohort and a goal, as a shop would; return their ids by kind."""
    registry = open_registry(site.settings)
    funnel = create_funnel(
        registry, site.project_id, "to a purchase", ("screen_view", "add_to_cart", "purchase"), window_seconds=604_800
    )
    retention = create_retention(registry, site.project_id, "buyers", start_event="purchase")
    cohort = create_cohort(registry, site.project_id, "buyers", (Criterion(event="purchase", within_days=30),))
    goal = create_goal(registry, site.project_id, "purchase", "purchase")
    registry.close()
    return {
        "funnel": funnel.funnel_id,
        "retention": retention.retention_id,
        "cohort": cohort.cohort_id,
        "goal": goal.goal_id,
    }


def build(site: Site, process: Popen[bytes], *arguments: str) -> Built:
    """Run `eventlens build`, and return the results that dbt reports for each model."""
    started = time.time()
    reset_peak(process.pid)
    subprocess.run([*BUILD, *arguments], env=site.environ, check=True, stdout=subprocess.DEVNULL)
    built = Built(command_seconds=time.time() - started, peak_mib=peak_mib(process.pid))
    for path in (site.home / "dagster").rglob("run_results.json"):
        if path.stat().st_mtime >= started:
            _add(built, json.loads(path.read_text())["results"])
    return built


def _add(built: Built, results: list[dict[str, object]]) -> None:
    spans: list[tuple[float, float]] = []
    for result in results:
        kind, _, name = str(result["unique_id"]).partition(".")
        timing = result["timing"]
        assert isinstance(timing, list)
        moments = [
            datetime.fromisoformat(step[key]).timestamp()
            for step in timing
            if step["name"] == "execute"
            for key in ("started_at", "completed_at")
        ]
        if len(moments) != 2:
            continue
        if kind == "test":
            built.test_seconds += moments[1] - moments[0]
            continue
        built.seconds[name.split(".")[-1]] += moments[1] - moments[0]
        spans.append((moments[0], moments[1]))
    built.sql_seconds += _covered(spans)


def _covered(spans: list[tuple[float, float]]) -> float:
    """Return for how many seconds at least one of `spans` was under way; two models are built at a time."""
    covered = end = 0.0
    for first, last in sorted(spans):
        covered += max(0.0, last - max(first, end))
        end = max(end, last)
    return covered


def bytes_an_event(warehouse: Warehouse) -> list[str]:
    """Return as texts the bytes on disk per raw event, first those of the raw tables, then those of `lens` with
    `lens_staging`, and the number of active parts.
    """
    row = warehouse.rows(
        """
        SELECT
            (SELECT count() FROM lens_raw.events) AS events,
            sumIf(bytes_on_disk, database = 'lens_raw') / events AS raw,
            sumIf(bytes_on_disk, database IN ('lens', 'lens_staging')) / events AS lens,
            count() AS parts
        FROM system.parts
        WHERE active AND startsWith(database, 'lens')
        """
    )[0]
    return [f"{row['raw']:.1f}", f"{row['lens']:.1f}", f"{row['parts']:,}"]


def _hour(
    site: Site, process: Popen[bytes], warehouse: Warehouse, start: datetime, *, number: int, logins: bool
) -> Built:
    traffic.hour(warehouse, site.project_id, start, number=number, logins=logins)
    return build(site, process)


def show_models(what: str, built: Built, slowest: int) -> None:
    ordered = sorted(built.seconds.items(), key=lambda item: -item[1])[:slowest]
    show_table(
        f"Slowest models of {what}",
        ["model", "seconds"],
        [[name, f"{seconds:.2f}"] for name, seconds in ordered],
    )


def warehouse_of(site: Site) -> Warehouse:
    return connect(site.settings, "admin", query_timeout_seconds=3600)


if __name__ == "__main__":
    os.environ.setdefault("COLUMNS", "140")
    main()
