"""How many events per second one collector process acknowledges, compared with the least that a collector could do.

Both applications are measured in the same run, by turns, with one process each and with every sync on. The warehouse is
not running, so that only the path from the socket to the disk is measured.
"""

import asyncio
import os
import sys
import tempfile
from pathlib import Path
from statistics import median

from bench.load import Measured, measure, request_bytes
from bench.site import BATCH, HEADERS, Site, batch, single
from cli.console import console, show_table
from event_lens.processes import free_port, running_command

ROUNDS = 5
SECONDS = 4.0
WARM_UP_SECONDS = 1.0
ONE, MANY = ("/track", single(), 1), ("/track/batch", batch(), BATCH)


def main() -> None:
    bares: list[list[Measured]] = []
    ours: list[list[Measured]] = []
    for number in range(ROUNDS):
        console.print(
            f"Round {number + 1} of {ROUNDS}: a bare Litestar and granian application, then the collector ..."
        )
        with tempfile.TemporaryDirectory(prefix="eventlens-bench-") as folder:
            bares.append(measure_bare(Path(folder)))
        with tempfile.TemporaryDirectory(prefix="eventlens-bench-") as folder:
            ours.append(measure_collector(Path(folder)))
    show_table(
        f"Events a second, on disk before the answer; one process, 32 connections; median of {ROUNDS} (least to most)",
        ["events", "bare", "ours", "ratio", "by CPU", "p50 ms", "p99 ms", "failed"],
        [
            _row(what, index, size, bares, ours)
            for index, (what, size) in enumerate((("single", 1), ("in 100s", BATCH)))
        ],
    )
    half = [measured[2] for measured in ours]
    show_table(
        "Single events at half of that rate",
        ["events a second", "p50 ms", "p99 ms", "failed"],
        [
            [
                _spread([run.requests_per_second for run in half], "{:,.0f}"),
                _spread([run.percentile_ms(0.5) for run in half], "{:.1f}"),
                _spread([run.percentile_ms(0.99) for run in half], "{:.1f}"),
                str(sum(run.failures for run in half)),
            ]
        ],
    )


def measure_bare(folder: Path) -> list[Measured]:
    """Measure the bare collector: single events, then batches."""
    port = free_port()
    command = [sys.executable, "-m", "bench.bare", str(port), str(folder / "log")]
    ready_url = f"http://127.0.0.1:{port}/ready"
    with running_command(command, os.environ, ready_url, folder / "bare.log") as process:
        return _measure(port, process.pid, HEADERS)


def measure_collector(folder: Path) -> list[Measured]:
    """Measure the collector: single events, then batches, then single events at half of their first rate."""
    site = Site(folder)
    with site.collector() as process:
        peak = _measure(site.port, process.pid, site.headers)
        request = request_bytes(*ONE[:2], site.headers)
        rate = peak[0].requests_per_second / 2
        return [*peak, asyncio.run(measure(site.port, process.pid, request, SECONDS, rate))]


def _measure(port: int, pid: int, headers: dict[str, str]) -> list[Measured]:
    one, many = (request_bytes(path, body, headers) for path, body, _ in (ONE, MANY))
    asyncio.run(measure(port, pid, one, WARM_UP_SECONDS))
    return [asyncio.run(measure(port, pid, request, SECONDS)) for request in (one, many)]


def _row(what: str, index: int, size: int, bares: list[list[Measured]], ours: list[list[Measured]]) -> list[str]:
    pairs = [(bare[index], our[index]) for bare, our in zip(bares, ours, strict=True)]
    return [
        what,
        _spread([bare.requests_per_second * size for bare, _ in pairs], "{:,.0f}"),
        _spread([our.requests_per_second * size for _, our in pairs], "{:,.0f}"),
        _spread([our.requests_per_second / bare.requests_per_second for bare, our in pairs], "{:.2f}"),
        _spread([our.requests_per_cpu_second / bare.requests_per_cpu_second for bare, our in pairs], "{:.2f}"),
        _spread([our.percentile_ms(0.5) for _, our in pairs], "{:.1f}"),
        _spread([our.percentile_ms(0.99) for _, our in pairs], "{:.1f}"),
        str(sum(bare.failures + our.failures for bare, our in pairs)),
    ]


def _spread(values: list[float], form: str) -> str:
    return f"{form.format(median(values))} ({form.format(min(values))} to {form.format(max(values))})"


if __name__ == "__main__":
    main()
