"""The cost and gain of shards: landing, a full refresh and questions, over one shard and over two shards on this
machine.

Two shards share the machine's cores, so the time that they take beyond that of one shard is overhead. The module also
measures the cost of reading another shard row by row, as if the devices of one project were spread over shards. From
all of this follows an estimate for more machines. Each figure is the median of some rounds, with the lowest and the
highest.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event

import msgspec

from bench import traffic
from cli.console import console, show_table
from collector.loading.router import Router
from collector.loading.writer import Writer
from collector.spool.directory import SpoolDirectory, open_directory
from collector.spool.segment import SegmentName, frame, new_segment_id, verify
from event_lens.clock import now_ms
from event_lens.contract.rows import EventRow, timestamp
from event_lens.processes import free_ports, running
from event_lens.registry.database import open_registry
from event_lens.registry.projects import create_project
from event_lens.settings import read_settings
from event_lens.shards import all_shards, count_shards, tables_database
from event_lens.warehouse.access import connect

ROWS_A_SEGMENT, PROJECTS = 10_000, 8
MACHINES = (1, 2, 4, 8)
METRICS = "SELECT sum(sessions), sum(unique_visitors) FROM {lens}.metrics_daily WHERE {where}"
RAW = "SELECT uniqExact(device_id), count() FROM {lens}.events WHERE {where} AND path LIKE '/products/1%'"
# The columns of each event that models of people would have to exchange if a project's devices were on several shards.
EXCHANGED = "event_id, device_id, profile_id, created_at, name"


class House:
    """`shards` embedded shards in `folder`, with the projects spread evenly over them."""

    def __init__(self, folder: Path, shards: int) -> None:
        ports = free_ports(2 * shards)
        homes = [folder / f"home-{number}" for number in range(shards)]
        ours = {"EVENTLENS_WAREHOUSE_NATIVE_PORT": str(ports[0])}
        if shards > 1:
            ours = {
                "EVENTLENS_SHARD_HOMES": ",".join(f"{home}:{port}" for home, port in zip(homes, ports, strict=False))
            }
        self.environs = [
            ours | {"EVENTLENS_HOME": str(home), "EVENTLENS_WAREHOUSE_PORT": str(port)}
            for home, port in zip(homes, ports[shards:], strict=True)
        ]
        self.folder = folder
        self.settings = read_settings(self.environs[0])
        self.registry = open_registry(self.settings)
        self.projects = [create_project(self.registry, f"bench {number}") for number in range(PROJECTS)]

    @contextmanager
    def serving(self) -> Iterator[None]:
        with ExitStack() as stack:
            for number, environ in enumerate(self.environs):
                url = f"http://127.0.0.1:{environ['EVENTLENS_WAREHOUSE_PORT']}/ping"
                stack.enter_context(running("warehouse", environ, url, self.folder / f"warehouse-{number}.log"))
            yield

    def land(self, segments: int) -> float:
        """Return how many rows land per second from a backlog in the spool; each segment holds events of all
        projects.
        """
        folder = open_directory(self.folder / f"spool-{uuid.uuid4().hex}")
        put_segments(folder, [project.project_id for project in self.projects], segments)
        warehouses = {shard: connect(self.settings, "collector", shard=shard) for shard in all_shards(self.settings)}
        is_sharded = count_shards(self.settings) > 1
        writer = Writer(folder, Router(self.registry, warehouses) if is_sharded else warehouses[1])
        started = time.perf_counter()
        writer.start()
        while folder.sealed():
            Event().wait(0.01)
        seconds = time.perf_counter() - started
        writer.close()
        writer.join(60)
        folder.close()
        return segments * ROWS_A_SEGMENT / seconds

    def fill(self, days: int) -> int:
        """Land `days` days of traffic for every project, on its shard; return the number of events."""
        for project in self.projects:
            with connect(self.settings, "admin", shard=project.shard, query_timeout_seconds=600) as warehouse:
                traffic.history(
                    warehouse,
                    project.project_id,
                    days,
                    visits_a_day=traffic.VISITS_A_DAY // PROJECTS,
                    batch=project.project_id,
                )
        return sum(self.each("SELECT count() FROM lens_raw.events"))

    def each(self, sql: str) -> list[int]:
        values = []
        for shard in all_shards(self.settings):
            with connect(self.settings, "admin", shard=shard, query_timeout_seconds=600) as warehouse:
                values.append(int(warehouse.value(sql)))
        return values

    def build(self) -> float:
        """Return the seconds of a full refresh, with the shards side by side."""
        command = [sys.executable, "-m", "cli.main", "build", "--full-refresh"]
        started = time.perf_counter()
        subprocess.run(command, env=_environment(self.environs[0]), check=True, stdout=subprocess.DEVNULL)
        return time.perf_counter() - started

    def ask(self, sql: str, *, lens: str, is_about_all: bool) -> float:
        """Return the milliseconds of a question about the last project, or about all projects."""
        project = self.projects[-1]
        where = "1" if is_about_all else f"project_id = '{project.project_id}'"
        shard = 1 if lens == "lens" else project.shard
        with connect(self.settings, "query", shard=shard) as warehouse:
            warehouse.ping()
            started = time.perf_counter()
            warehouse.rows(sql.format(lens=lens, where=where), settings={"optimize_skip_unused_shards": 1})
            return (time.perf_counter() - started) * 1000


def put_segments(folder: SpoolDirectory, project_ids: Sequence[str], segments: int) -> None:
    """Write `segments` sealed segments, as a collector leaves them."""
    now = timestamp(now_ms())
    for _ in range(segments):
        rows = [
            EventRow(
                str(uuid.uuid4()),
                project_ids[number % len(project_ids)],
                "screen_view",
                f"d{number}",
                "client",
                now,
                now,
            )
            for number in range(ROWS_A_SEGMENT)
        ]
        name = SegmentName(new_segment_id(now_ms), "lens_raw.events", ROWS_A_SEGMENT)
        content = frame([msgspec.json.encode(row) for row in rows], name.segment_id, 0)
        (folder.path / name.file_name).write_bytes(content)
        folder.grew(len(content))


def routing_microseconds(house: House) -> float:
    """Return the microseconds per row that a collector needs to split a segment by shard."""
    folder = open_directory(house.folder / "routed")
    put_segments(folder, [project.project_id for project in house.projects], 1)
    (name,) = folder.sealed()
    found = verify((folder.path / name.file_name).read_bytes(), name.segment_id)
    router = Router(house.registry, {shard: connect(house.settings, "collector", shard=shard) for shard in (1, 2)})
    started = time.perf_counter()
    router.parts(found, name.created_ms)
    folder.close()
    return (time.perf_counter() - started) / ROWS_A_SEGMENT * 1e6


def exchange(house: House) -> tuple[float, float, float]:
    """Return three figures: the bytes per event and the events per second when a shard reads from another shard, and
    the events per second that it reads from its own tables.
    """
    received = "SELECT value FROM system.events WHERE event = 'NetworkReceiveBytes'"
    columns = f"SELECT sum(cityHash64({EXCHANGED})) FROM (SELECT {EXCHANGED} FROM {{}} LIMIT 100000000)"
    with connect(house.settings, "admin", shard=1, query_timeout_seconds=600) as warehouse:
        there = warehouse.value("SELECT count() FROM cluster('shards', lens_raw.events) WHERE _shard_num = 2")
        here = warehouse.value("SELECT count() FROM lens_raw.events")
        before, started = warehouse.value(received), time.perf_counter()
        warehouse.rows(columns.format("cluster('shards', lens_raw.events) WHERE _shard_num = 2"))
        taken = time.perf_counter() - started
        bytes_an_event = (warehouse.value(received) - before) / there
        started = time.perf_counter()
        warehouse.rows(columns.format("lens_raw.events"))
        return bytes_an_event, there / taken, here / (time.perf_counter() - started)


def spread(measure: Callable[[], float], rounds: int) -> list[float]:
    """Return the lowest, the median and the highest result of `rounds` measurements."""
    values = sorted(measure() for _ in range(rounds))
    return [values[0], statistics.median(values), values[-1]]


def _environment(ours: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("EVENTLENS_")} | ours


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--days", type=int, default=9, help="days of 111,111 events each")
    arguments.add_argument("--segments", type=int, default=30, help="of 10,000 events in the spool")
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--builds", action=argparse.BooleanOptionalAction, default=True, help="builds and questions")
    chosen = arguments.parse_args()
    figures: dict[str, list[list[float]]] = {}
    with tempfile.TemporaryDirectory(prefix="eventlens-bench-") as folder:
        for shards in (1, 2):
            (Path(folder) / str(shards)).mkdir()
            house = House(Path(folder) / str(shards), shards)
            with house.serving():
                console.print(f"{shards} shard{'s' if shards > 1 else ''}: landing, building, asking ...")
                measured = measure(house, chosen.days, chosen.segments, chosen.rounds, builds=chosen.builds)
                for name, values in measured.items():
                    figures.setdefault(name, []).append(values)
                if shards == 2:
                    extra = (routing_microseconds(house), *exchange(house))
    show_overhead(figures)
    show_exchange(*extra)
    if chosen.builds:
        show_machines(figures, chosen.days * traffic.EVENTS_A_DAY)


def measure(house: House, days: int, segments: int, rounds: int, *, builds: bool) -> dict[str, list[float]]:
    if not builds:
        house.fill(days)
        return {"landing, events a second": spread(lambda: house.land(segments), rounds)}
    own = tables_database(house.settings)
    found = {"a build of nothing, the models' parsing with it, seconds": spread(house.build, 1)}
    house.fill(days)
    found["a full refresh, seconds"] = spread(house.build, 1)
    for name, sql in (("a rollup", METRICS), ("raw rows", RAW)):
        for about, lens, is_about_all in (
            ("one project, by its shard", own, False),
            ("one project, by lens", "lens", False),
            ("all projects, by lens", "lens", True),
        ):
            ask = lambda sql=sql, lens=lens, of_all=is_about_all: house.ask(sql, lens=lens, is_about_all=of_all)  # noqa: E731
            found[f"{name} of {about}, ms"] = spread(ask, rounds * 4)
    found["landing, events a second"] = spread(lambda: house.land(segments), rounds)
    return found


def show_overhead(figures: dict[str, list[list[float]]]) -> None:
    rows = [
        [
            name,
            *(f"{median:,.1f} ({low:,.1f} to {high:,.1f})" for low, median, high in both),
            f"{both[1][1] / both[0][1]:.2f}",
        ]
        for name, both in figures.items()
    ]
    show_table("One shard and two, on the same cores", ["what", "one", "two", "ratio"], rows)


def show_exchange(routing: float, bytes_an_event: float, taken: float, read: float) -> None:
    rows = [
        ["cutting segments by shard, microseconds an event", f"{routing:.2f}"],
        ["exchanged between shards, bytes an event", f"{bytes_an_event:.0f}"],
        ["exchanged between shards, events a second", f"{taken:,.0f}"],
        ["read on the shard itself, events a second", f"{read:,.0f}"],
    ]
    show_table("What shards have to do with one another", ["what", "figure"], rows)


def show_machines(figures: dict[str, list[list[float]]], events: int) -> None:
    """Show an estimate for projects that are spread evenly over machines like this one, each with one shard and one
    collector.
    """
    landing, seconds = (figures[name][0][1] for name in ("landing, events a second", "a full refresh, seconds"))
    rows = [[count, f"{landing * count:,.0f}", f"{events * count:,}"] for count in MACHINES]
    columns = ["machines", "landing, events a second", f"events that a full refresh takes in within {seconds:,.0f} s"]
    show_table("A model: no shard waits for another", columns, rows)


if __name__ == "__main__":
    main()
