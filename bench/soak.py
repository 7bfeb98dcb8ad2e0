"""Events, inserts, builds and questions at the same time against one embedded warehouse, whose memory must not grow.

`python -m bench.soak --minutes 10` prints a line per minute and ends with a verdict. It exits with 1 when anything
failed, a row is missing, or memory, open files or threads kept growing.
"""

import argparse
import asyncio
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean

import httpx

from bench.load import measure, request_bytes
from bench.site import BATCH, Site, batch, memory_mib
from cli.console import console, show_table
from event_lens.warehouse.access import warehouse_url

EVENTS_PER_SECOND = 1_000
INSERT_ROWS = 2_000
INSERT_EVERY_SECONDS = 0.5
LEAVE_EVERY_SECONDS = 2.0
SAMPLE_EVERY_SECONDS = 1.0
STATEMENT_WITHIN_SECONDS = 120

INSERT = "INSERT INTO default.soak FORMAT JSONEachRow"
ENDLESS = "SELECT number FROM numbers(100000000000)"
QUESTIONS = [
    "SELECT local_day, uniqExact(device_id), count() FROM lens.events GROUP BY local_day ORDER BY local_day",
    "SELECT sum(screen_views), sum(unique_visitors) FROM lens.metrics_hourly",
    "SELECT path, count() AS views FROM lens.events GROUP BY path ORDER BY views DESC LIMIT 20 FORMAT JSON",
    "SELECT quantiles(0.5, 0.9)(duration_seconds), countIf(is_bounce) FROM lens.sessions FORMAT Native",
    "SELECT * FROM lens.profiles LIMIT 1000 FORMAT Parquet",
    "SELECT name, total_rows FROM system.tables WHERE database = 'lens'",
]
# How much more the last quarter may hold than the second one: caches fill and merges come and go.
GROWTH = {"resident MiB": 1.25, "open files": 1.5, "threads": 1.25}


@dataclass
class Tally:
    """The counts of a run. `latencies` are those of the current minute's questions, in seconds; `held` are the
    process's memory, files and threads over time.
    """

    inserted: int = 0
    acknowledged: int = 0
    builds: int = 0
    questions: int = 0
    errors: list[str] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)
    held: list[tuple[float, int, int]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


class Soak:
    """All parts of the load at once, each in a thread of its own, for `seconds` from the call of `run`."""

    def __init__(self, site: Site, warehouse_pid: int, collector_pid: int, seconds: float) -> None:
        self.tally = Tally()
        self._site = site
        self._warehouse_pid = warehouse_pid
        self._collector_pid = collector_pid
        self._seconds = seconds
        self._ends_at = 0.0
        self._http = httpx.Client(base_url=warehouse_url(site.settings, "admin"), timeout=STATEMENT_WITHIN_SECONDS)
        self._rows = b"".join(b'{"n":%d,"s":"%d"}\n' % (number, number) for number in range(INSERT_ROWS))

    def run(self) -> None:
        """Run the load until its time is over and every part has ended. Blocks."""
        self.ask("CREATE TABLE default.soak (n UInt64, s String) ENGINE = MergeTree ORDER BY n")
        self._send()
        wait_until_landed(self._site)
        self._build()
        steps = [self._send, self._build, self._sample, self._leave, *[self._insert] * 2, *[self._question] * 3]
        self._ends_at = time.monotonic() + self._seconds
        with ThreadPoolExecutor(len(steps) + 1) as pool:
            for step in steps:
                pool.submit(self._again_and_again, step)
            pool.submit(self._tell)

    def ask(self, sql: str, user: str = "default", body: bytes = b"") -> bytes:
        """Return the warehouse's answer. Raises `RuntimeError` when the warehouse refuses."""
        answer = self._http.post("/", params={"query": sql, "user": user}, content=body)
        if answer.status_code != httpx.codes.OK:
            raise RuntimeError(f"{sql[:60]}: {answer.text[:300]}")
        return answer.content

    def _again_and_again(self, step: Callable[[], None]) -> None:
        while time.monotonic() < self._ends_at:
            try:
                step()
            except (RuntimeError, httpx.HTTPError, OSError) as error:
                with self.tally.lock:
                    self.tally.errors.append(repr(error))

    def _send(self) -> None:
        request = request_bytes("/track/batch", batch(), self._site.headers)
        rate = EVENTS_PER_SECOND / BATCH
        measured = asyncio.run(measure(self._site.port, self._collector_pid, request, 10, rate))
        self.tally.acknowledged += len(measured.latencies) * BATCH
        if measured.failures:
            raise RuntimeError(f"the collector refused {measured.failures} batches")

    def _build(self) -> None:
        command = [sys.executable, "-m", "cli.main", "build"]
        done = subprocess.run(command, env=self._site.environ, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"a build failed: {done.stdout[-1000:]} {done.stderr[-1000:]}")
        self.tally.builds += 1

    def _insert(self) -> None:
        self.ask(INSERT, body=self._rows)
        with self.tally.lock:
            self.tally.inserted += INSERT_ROWS
        time.sleep(INSERT_EVERY_SECONDS)

    def _question(self) -> None:
        for sql in QUESTIONS:
            begin = time.perf_counter()
            self.ask(sql, user="analyst")
            with self.tally.lock:
                self.tally.questions += 1
                self.tally.latencies.append(time.perf_counter() - begin)

    def _leave(self) -> None:
        with self._http.stream("POST", "/", content=ENDLESS) as answer:
            next(answer.iter_raw())
        time.sleep(LEAVE_EVERY_SECONDS)

    def _sample(self) -> None:
        process = Path(f"/proc/{self._warehouse_pid}")
        files, threads = (len(list((process / kind).iterdir())) for kind in ("fd", "task"))
        self.tally.held.append((memory_mib(self._warehouse_pid), files, threads))
        time.sleep(SAMPLE_EVERY_SECONDS)

    def _tell(self) -> None:
        for minute in range(1, round(self._seconds / 60) + 1):
            time.sleep(60)
            with self.tally.lock:
                latencies, self.tally.latencies = sorted(self.tally.latencies), []
            memory, files, threads = self.tally.held[-1]
            console.print(
                f"minute {minute}: {self.tally.acknowledged:,} events and {self.tally.inserted:,} rows in, "
                f"{self.tally.builds} builds, {self.tally.questions:,} questions, {len(self.tally.errors)} errors, "
                f"p50 {_at(latencies, 0.5):.0f} ms, p95 {_at(latencies, 0.95):.0f} ms, "
                f"{memory:.0f} MiB, {files} files, {threads} threads",
                highlight=False,
                soft_wrap=True,
            )


def wait_until_landed(site: Site) -> None:
    """Wait until everything acknowledged is in the warehouse. Blocks."""
    while httpx.get(f"http://127.0.0.1:{site.port}/health").json()["spool"]["pendingEvents"]:
        time.sleep(0.25)


def judge(tally: Tally, landed: dict[str, tuple[int, int]]) -> bool:
    """Show a verdict, and return whether all went well; `landed` gives for each table the number of rows that it should
    have and the number that it has.
    """
    quarter = len(tally.held) // 4
    before, after = tally.held[quarter : 2 * quarter], tally.held[-quarter:]
    rows: list[list[object]] = []
    for index, (what, most) in enumerate(GROWTH.items()):
        then, now = (fmean(sample[index] for sample in part) for part in (before, after))
        rows.append([what, f"{then:.0f}", f"{now:.0f}", "well" if now <= then * most else "GROWS"])
    rows += [
        [table, f"{sent:,}", f"{there:,}", "well" if sent == there else "WRONG"]
        for table, (sent, there) in landed.items()
    ]
    rows.append(["errors", "0", str(len(tally.errors)), "WRONG" if tally.errors else "well"])
    show_table("Verdict", ["what", "second quarter, or sent", "last quarter, or there", ""], rows)
    for error in sorted(set(tally.errors))[:10]:
        console.print(error, markup=False)
    return all(row[-1] == "well" for row in rows)


def _at(ordered: list[float], share: float) -> float:
    """Return the percentile `share` of ascending seconds, in milliseconds; 0 for an empty list."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000 if ordered else 0.0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.soak")
    parser.add_argument("--minutes", type=int, default=10)
    minutes = parser.parse_args().minutes
    with tempfile.TemporaryDirectory(prefix="eventlens-bench-") as folder:
        site = Site(Path(folder))
        with site.warehouse() as warehouse, site.collector() as collector:
            soak = Soak(site, warehouse.pid, collector.pid, 60 * minutes)
            soak.run()
            wait_until_landed(site)
            sent = {"lens_raw.events": soak.tally.acknowledged, "default.soak": soak.tally.inserted}
            landed = {table: (count, int(soak.ask(f"SELECT count() FROM {table}"))) for table, count in sent.items()}
            return 0 if judge(soak.tally, landed) else 1


if __name__ == "__main__":
    sys.exit(main())
