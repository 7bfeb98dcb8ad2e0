"""A stranger with a page's client id sends all bombs, as fast as the collector takes them, beside a neighbour.

    python -m tests.end_to_end.stranger --minutes 60

Everything runs as `eventlens up` runs it. Nothing is defined but a goal, as most sites have one. It reports what was
taken and refused, how late the neighbour's events were shown and whether the numbers were right, and whether all that
the stranger was acknowledged is in its own numbers.
"""

import argparse
import os
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from statistics import median

from cli.console import console
from event_lens.processes import free_ports, is_answering, running_command
from event_lens.registry.database import open_registry
from event_lens.registry.definitions.goals import create_goal
from event_lens.settings import Settings, read_settings
from event_lens.warehouse.set_aside import read_set_aside
from tests.end_to_end.bombs import BATCH, BOMBS, Item
from tests.end_to_end.running import House
from tests.end_to_end.site import MadeSite, event

PARTS = ("WAREHOUSE", "WAREHOUSE_NATIVE", "COLLECTOR", "QUERY", "DAGSTER")
SECONDS_TO_START = 240
SECONDS_TO_CATCH_UP = 600
SECONDS_BETWEEN_VIEWS = 5
# If a view is not shown for this long, the visitor stops waiting, and the next view is sent.
SECONDS_TO_BE_SHOWN = 300


@dataclass
class Report:
    """What became of the stranger's items, and what the neighbour saw."""

    items: Counter[str] = field(default_factory=Counter)
    """Items in the stranger's ledger: those that were taken, and by code those rejected one by one."""
    held_off: Counter[str] = field(default_factory=Counter)
    """Items in requests that were refused as a whole, by code."""
    late: list[float] = field(default_factory=list)
    """Seconds from each view of the neighbour that was taken until it was shown."""
    views: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    """What the neighbour was refused, by code."""
    wrong: list[str] = field(default_factory=list)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--minutes", type=float, default=60)
    seconds = arguments.parse_args().minutes * 60
    with tempfile.TemporaryDirectory(prefix="eventlens-stranger-") as folder, _house(Path(folder)) as house:
        stranger, neighbour = MadeSite(house, "Stranger"), MadeSite(house, "Neighbour")
        registry = open_registry(house.settings)
        create_goal(registry, stranger.project, "bought", "purchase")
        registry.close()
        report, until = Report(), time.monotonic() + seconds
        sending = threading.Thread(target=_send, args=(stranger, report, until), daemon=True)
        sending.start()
        _look_beside(neighbour, report, until)
        sending.join()
        _tell(report)
        _tell_the_end(house, stranger, neighbour, report)


@contextmanager
def _house(folder: Path) -> Iterator[House]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("EVENTLENS_")}
    environ |= {f"EVENTLENS_{part}_PORT": str(port) for part, port in zip(PARTS, free_ports(len(PARTS)), strict=True)}
    environ |= {"EVENTLENS_HOME": str(folder / "home"), "COLUMNS": "160"}
    settings = read_settings(environ)
    command = [sys.executable, "-m", "cli.main", "up"]
    ready = f"http://127.0.0.1:{settings.warehouse_port}/ping"
    with running_command(command, environ, ready, folder / "up.log"):
        if not _comes_true(lambda: all(map(is_answering, _addresses(settings))), SECONDS_TO_START):
            sys.exit((folder / "up.log").read_text())
        yield House(environ, settings)


def _addresses(settings: Settings) -> list[str]:
    parts = {settings.collector_port: "ready", settings.query_port: "ready", settings.dagster_port: "server_info"}
    return [f"http://127.0.0.1:{port}/{path}" for port, path in parts.items()]


def _comes_true(asked: Callable[[], bool], within_seconds: float) -> bool:
    deadline = time.monotonic() + within_seconds
    while not asked():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.5)
    return True


def _items() -> Iterator[Item]:
    """Yield all bombs again and again, with the current time."""
    for bomb in cycle(BOMBS):
        for item in bomb():
            item["payload"].pop("timestamp", None)
            yield item


def _send(stranger: MadeSite, report: Report, until: float) -> None:
    items = _items()
    while time.monotonic() < until:
        batch = [next(items) for _ in range(BATCH)]
        answer = stranger.send("/track/batch", batch, **stranger.page)
        if answer.status_code != 200:
            report.held_off[answer.json()["error"]["code"]] += BATCH
            time.sleep(min(float(answer.headers.get("retry-after", 1)), max(0.0, until - time.monotonic())))
            continue
        body = answer.json()
        report.items["taken"] += body["accepted"]
        report.items.update(each["code"] for each in body["rejected"])


def _look_beside(neighbour: MadeSite, report: Report, until: float) -> None:
    """Send a view of a new device, wait until it is shown, and so on."""
    while time.monotonic() < until or not report.views:
        view = event("screen_view", "00:00:00", f"d{report.views}")
        del view["payload"]["timestamp"]
        sent_at = time.monotonic()
        answer = neighbour.send("/track", view)
        if answer.status_code != 200:
            report.refused[answer.json()["error"]["code"]] += 1
            time.sleep(1)
            continue
        report.views += 1
        if _comes_true(lambda: _shown(neighbour, report) == report.views, SECONDS_TO_BE_SHOWN):
            report.late.append(time.monotonic() - sent_at)
        else:
            report.wrong.append(f"view {report.views} was not shown within {SECONDS_TO_BE_SHOWN} s")
        time.sleep(SECONDS_BETWEEN_VIEWS)


def _shown(neighbour: MadeSite, report: Report) -> int:
    numbers = neighbour.ask("metrics", range="7d")["data"]
    events, visitors = int(numbers["total_events"]), int(numbers["unique_visitors"])
    if events > report.views or visitors != events:
        report.wrong.append(f"{events} events of {visitors} visitors shown, {report.views} of as many sent")
    return events


def _tell(report: Report) -> None:
    for what, count in [*report.items.most_common(), *report.held_off.most_common()]:
        console.print(f"{count:10,} items of the stranger: {what}")
    late = report.late or [0.0]
    console.print(
        f"{report.views} views of the neighbour, shown after {median(late):.0f} s (median), {max(late):.0f} s at most"
    )
    console.print(f"refused of the neighbour: {dict(report.refused) or 'none'}")


def _tell_the_end(house: House, stranger: MadeSite, neighbour: MadeSite, report: Report) -> None:
    """Wait until all is built, and tell what is not in the numbers then."""

    def missing() -> int:
        rows = stranger.ask("ingest", range="2d")["data"]
        return report.items.total() - sum(int(row["received"]) for row in rows)

    started = time.monotonic()
    is_whole = _comes_true(lambda: missing() <= 0, SECONDS_TO_CATCH_UP)
    console.print(
        f"the stranger's own numbers were whole after {time.monotonic() - started:.0f} s more"
        if is_whole
        else f"of the stranger's items {missing():,} are not in its numbers after {SECONDS_TO_CATCH_UP} s"
    )
    if (shown := _shown(neighbour, report)) != report.views:
        report.wrong.append(f"{shown} views shown at the end, {report.views} sent")
    with house.warehouse() as warehouse:
        builds = warehouse.value("SELECT uniqExact(build_id) FROM lens_staging.builds")
        aside = read_set_aside(warehouse)
    console.print(f"{builds} builds; the neighbour's numbers were {'wrong' if report.wrong else 'right each time'}")
    lines = [*report.wrong, *(f"{one.model} failed for {project}: {one.reason}" for project, one in aside.items())]
    console.print("\n".join(lines))


if __name__ == "__main__":
    main()
