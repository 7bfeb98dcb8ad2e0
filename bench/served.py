"""The seconds from landing to serving, by part: an hour of 10,000 events after a million, built by the running Dagster.

Before that it waits `--quiet` seconds, to measure the cost of the processes when nothing lands.
"""

import argparse
import os
import tempfile
import time
from datetime import datetime
from pathlib import Path

import dagster as dg

from bench import traffic
from bench.models import DAYS, build, define, warehouse_of
from bench.site import Site
from cli.console import console, show_table
from event_lens.processes import free_port, running
from event_lens.warehouse.client import Warehouse

UNBUILT = "SELECT count() FROM lens_raw.batches WHERE batch_id NOT IN (SELECT batch_id FROM lens_staging.built_batches)"
STEPS = {"PIPELINE_ENQUEUED", "PIPELINE_STARTING", "PIPELINE_START", "STEP_START", "PIPELINE_SUCCESS"}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--millions", choices=DAYS, default="1", help="events of history")
    arguments.add_argument("--hours", type=int, default=2, help="how many hours land, one after the other was built")
    arguments.add_argument("--quiet", type=float, default=20.0, help="seconds in which nothing lands")
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="eventlens-bench-") as folder:
        site = Site(Path(folder))
        define(site)
        with site.warehouse() as process, warehouse_of(site) as warehouse:
            console.print(f"{chosen.millions} million events: landing and building ...")
            end = traffic.history(warehouse, site.project_id, DAYS[chosen.millions])
            full = build(site, process, "--full-refresh")
            console.print(
                f"full refresh: {full.command_seconds:.1f} s, {full.sql_seconds + full.test_seconds:.1f} s SQL"
            )
            port = free_port()
            environ = site.environ | {"EVENTLENS_DAGSTER_PORT": str(port)}
            with running("dagster", environ, f"http://127.0.0.1:{port}/server_info", Path(folder) / "dagster.log"):
                _show_quiet(site.home, chosen.quiet)
                for number in range(1, chosen.hours + 1):
                    _show_hour(site, warehouse, end, number)


def _show_quiet(home: Path, seconds: float) -> None:
    before = _cpu_seconds(home)
    time.sleep(seconds)
    spent = {pid: (name, cpu - before.get(pid, ("", 0.0))[1]) for pid, (name, cpu) in _cpu_seconds(home).items()}
    rows = [[name, f"{cpu:.2f}", f"{100 * cpu / seconds:.1f} %"] for name, cpu in spent.values() if cpu >= 0.01]
    show_table(f"Nothing lands for {seconds:.0f} s", ["process", "CPU s", "of a core"], rows)


def _cpu_seconds(home: Path) -> dict[int, tuple[str, float]]:
    """Return the command and the processor seconds of each process of a home, by process id."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if f"EVENTLENS_HOME={home}".encode() not in (folder / "environ").read_bytes().split(b"\0"):
                continue
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            name = (folder / "cmdline").read_text().replace("\0", " ").strip()[-40:]
        except OSError:
            continue
        found[int(folder.name)] = (name, (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"))
    return found


def _show_hour(site: Site, warehouse: Warehouse, end: datetime, number: int) -> None:
    traffic.hour(warehouse, site.project_id, end, number=number, logins=False)
    landed = time.time()
    while warehouse.value(UNBUILT):
        time.sleep(0.1)
    served = time.time() - landed
    with dg.DagsterInstance.from_config(str(site.home / "dagster")) as instance:
        run = instance.get_run_records(limit=1)[0].dagster_run
        rows = [
            [f"{entry.timestamp - landed:.2f}", f"{event.event_type_value} {event.step_key or ''}"]
            for entry in instance.all_logs(run.run_id)
            if (event := entry.dagster_event) and event.event_type_value in STEPS
        ]
    show_table(f"Landed to served: {served:.1f} s", ["after s", "what"], rows)


if __name__ == "__main__":
    main()
