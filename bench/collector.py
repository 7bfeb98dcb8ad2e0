"""How many events a second one collector process acknowledges, and how that compares with the least one could do.

Both applications run in this run, one process each, with every sync on; the warehouse is away, so that what is measured
is the road from the socket to the disk. Run it with `make bench`.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import msgspec

from bench.load import Measured, measure, request_bytes
from event_lens.processes import free_port, stop
from event_lens.registry.clients import create_client
from event_lens.registry.connection import open_registry
from event_lens.registry.projects import create_project
from event_lens.settings import read_settings
from event_lens.terminal import console, show_table

SECONDS = 8.0
WARM_UP_SECONDS = 1.0
BATCH = 100
AGENT = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"
)


def event(number: int) -> dict[str, object]:
    return {
        "type": "track",
        "payload": {
            "name": "screen_view",
            "deviceId": f"device-{number}",
            "properties": {
                "__path": f"https://shop.example.com/products/{number}?utm_source=news&utm_medium=email",
                "__referrer": "https://www.google.com/",
                "__title": "A product",
                "price": 12.5,
                "in_stock": True,
            },
        },
    }


@contextmanager
def served(command: list[str], environ: dict[str, str], port: int, log: Path) -> Iterator[int]:
    """The pid of a server that answers inside the block; what it says goes to `log`."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, *command], env=environ, stdout=output, stderr=output, start_new_session=True
        )
    try:
        deadline = time.monotonic() + 30
        while True:
            try:
                httpx.get(f"http://127.0.0.1:{port}/ready")
                break
            except httpx.TransportError:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
        yield process.pid
    finally:
        stop(process)


def collector_environ(home: Path, port: int) -> tuple[dict[str, str], dict[str, str]]:
    """The environment of a collector over a new home, and the headers of a client of its own."""
    ours = {
        "EVENTLENS_HOME": str(home),
        "EVENTLENS_COLLECTOR_PORT": str(port),
        "EVENTLENS_WAREHOUSE_PORT": str(free_port()),
    }
    registry = open_registry(read_settings(ours))
    client, secret = create_client(registry, create_project(registry, "bench").project_id, "write")
    registry.close()
    environ = {name: value for name, value in os.environ.items() if not name.startswith("EVENTLENS_")} | ours
    return environ, {"openpanel-client-id": client.client_id, "openpanel-client-secret": secret}


def run(port: int, pid: int, headers: dict[str, str], seconds: float) -> tuple[Measured, Measured]:
    """Single events, then batches."""
    headers = {"User-Agent": AGENT, "Content-Type": "application/json", "x-client-ip": "203.0.113.9", **headers}
    single = request_bytes("/track", msgspec.json.encode(event(0)), headers)
    many = request_bytes("/track/batch", msgspec.json.encode([event(number) for number in range(BATCH)]), headers)
    asyncio.run(measure(port, pid, single, WARM_UP_SECONDS))
    return asyncio.run(measure(port, pid, single, seconds)), asyncio.run(measure(port, pid, many, seconds))


def main(seconds: float = SECONDS) -> None:
    results: dict[str, tuple[Measured, Measured]] = {}
    with tempfile.TemporaryDirectory(prefix="eventlens-bench-") as folder:
        console.print("A bare Litestar and granian application ...")
        port = free_port()
        with served(
            ["-m", "bench.bare", str(port), f"{folder}/log"], dict(os.environ), port, Path(folder) / "bare.log"
        ) as pid:
            results["bare"] = run(port, pid, {}, seconds)
        console.print("The collector ...")
        port = free_port()
        environ, headers = collector_environ(Path(folder) / "home", port)
        log = Path(folder) / "collector.log"
        with served(["-m", "event_lens.cli", "collector"], environ, port, log) as pid:
            results["collector"] = run(port, pid, headers, seconds)
    rows = []
    for index, (what, size) in enumerate((("single", 1), (f"in {BATCH}s", BATCH))):
        bare, ours = results["bare"][index], results["collector"][index]
        rows.append(
            [
                what,
                f"{bare.requests_per_second * size:,.0f}",
                f"{ours.requests_per_second * size:,.0f}",
                f"{ours.requests_per_second / bare.requests_per_second:.2f}",
                f"{ours.requests_per_cpu_second / bare.requests_per_cpu_second:.2f}",
                f"{ours.percentile_ms(0.5):.1f}",
                f"{ours.percentile_ms(0.99):.1f}",
                str(ours.failures + bare.failures),
            ]
        )
    show_table(
        "Events a second, on disk before the answer; one process, 32 connections",
        ["events", "bare", "ours", "ratio", "by CPU", "p50 ms", "p99 ms", "failed"],
        rows,
    )


if __name__ == "__main__":
    main()
