"""How fast a backlog lands, and how much memory a collector holds while events keep coming.

The embedded warehouse runs at the same time and shares the machine's cores.
"""

import asyncio
import tempfile
import time
from pathlib import Path

import httpx

from bench.load import measure, request_bytes
from bench.site import BATCH, Site, batch, memory_mib
from cli.console import console, show_table
from event_lens.warehouse.access import connect
from event_lens.warehouse.client import Warehouse

BACKLOG_EVENTS = 1_000_000
SUSTAINED_SECONDS = 60
SUSTAINED_EVENTS_PER_SECOND = 20_000
SAMPLES = 12


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="eventlens-bench-") as folder:
        site = Site(Path(folder))
        console.print(f"Landing a backlog of {BACKLOG_EVENTS:,} events ...")
        count, seconds = land_backlog(site)
        show_table(
            "A backlog in the spool, landed in lens_raw",
            ["events", "seconds", "events a second"],
            [[f"{count:,}", f"{seconds:.1f}", f"{count / seconds:,.0f}"]],
        )
        console.print(f"{SUSTAINED_EVENTS_PER_SECOND:,} events a second for {SUSTAINED_SECONDS} s ...")
        show_table(
            "Memory under sustained load, MiB",
            ["seconds", "events a second", "p99 ms", "collector", "warehouse", "waiting"],
            asyncio.run(sustain(site)),
        )


def land_backlog(site: Site) -> tuple[int, float]:
    """Land events that were acknowledged while the warehouse was not running. Return their number, and the seconds that
    landing them took.
    """
    request = request_bytes("/track/batch", batch(), site.headers)
    with site.collector() as collector:
        sent = 0
        while sent < BACKLOG_EVENTS:
            seconds = min(2.0, (BACKLOG_EVENTS - sent) / 50_000)
            sent += len(asyncio.run(measure(site.port, collector.pid, request, seconds)).latencies) * BATCH
    with site.warehouse(), connect(site.settings, "admin") as warehouse, site.collector():
        first, started = landed(warehouse), time.perf_counter()
        while _waiting(site):
            time.sleep(0.25)
        return landed(warehouse) - first, time.perf_counter() - started


def landed(warehouse: Warehouse) -> int:
    return int(warehouse.value("SELECT count() FROM lens_raw.events") or 0)


async def sustain(site: Site) -> list[list[str]]:
    request = request_bytes("/track/batch", batch(), site.headers)
    rows = []
    with site.warehouse() as warehouse, site.collector() as collector:
        for number in range(1, SAMPLES + 1):
            seconds = SUSTAINED_SECONDS / SAMPLES
            rate = SUSTAINED_EVENTS_PER_SECOND / BATCH
            measured = await measure(site.port, collector.pid, request, seconds, rate)
            rows.append(
                [
                    f"{number * seconds:.0f}",
                    f"{measured.requests_per_second * BATCH:,.0f}",
                    f"{measured.percentile_ms(0.99):.1f}",
                    f"{memory_mib(collector.pid):.0f}",
                    f"{memory_mib(warehouse.pid):.0f}",
                    f"{_waiting(site):,}",
                ]
            )
    return rows


def _waiting(site: Site) -> int:
    answer = httpx.get(f"http://127.0.0.1:{site.port}/health").json()
    return int(answer["spool"]["pendingEvents"])


if __name__ == "__main__":
    main()
