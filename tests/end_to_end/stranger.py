"""A stranger with a page's client id sends all bombs, as fast as the collector takes them, beside a neighbour.

    python -m tests.end_to_end.stranger --minutes 60

Nothing is defined but a goal, as most sites have one. It reports what was taken and refused, how long builds took, and
how late the neighbour's numbers were.
"""

import argparse
import os
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path

from cli.console import console
from event_lens.processes import free_ports, running
from event_lens.registry.database import open_registry
from event_lens.registry.definitions.goals import create_goal
from event_lens.settings import read_settings
from event_lens.warehouse.set_aside import read_set_aside
from tests.end_to_end.bombs import BATCH, BOMBS, Item
from tests.end_to_end.running import House
from tests.end_to_end.site import MadeSite, event

PARTS = ("WAREHOUSE", "WAREHOUSE_NATIVE", "COLLECTOR", "QUERY", "DAGSTER")


@dataclass
class Report:
    """What happened: items by what became of them, and seconds."""

    items: Counter[str] = field(default_factory=Counter)
    builds: list[float] = field(default_factory=list)
    late: list[float] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--minutes", type=float, default=60)
    seconds = arguments.parse_args().minutes * 60
    with tempfile.TemporaryDirectory(prefix="eventlens-stranger-") as folder, ExitStack() as stack:
        house = _house(Path(folder), stack)
        stranger, neighbour = MadeSite(house, "Stranger"), MadeSite(house, "Neighbour")
        registry = open_registry(house.settings)
        create_goal(registry, stranger.project, "bought", "purchase")
        registry.close()
        report, until = Report(), time.monotonic() + seconds
        sending = threading.Thread(target=_send, args=(stranger, report, until))
        sending.start()
        _build_beside(house, neighbour, report, until)
        sending.join()
        with house.warehouse() as warehouse:
            aside = read_set_aside(warehouse)
        _tell(report, [f"{one.model} failed for {project}: {one.reason}" for project, one in aside.items()])


def _house(folder: Path, stack: ExitStack) -> House:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("EVENTLENS_")}
    environ |= {f"EVENTLENS_{part}_PORT": str(port) for part, port in zip(PARTS, free_ports(len(PARTS)), strict=True)}
    environ |= {"EVENTLENS_HOME": str(folder / "home"), "COLUMNS": "160"}
    settings = read_settings(environ)
    for part, port, path in (
        ("warehouse", settings.warehouse_port, "ping"),
        ("collector", settings.collector_port, "ready"),
        ("query", settings.query_port, "ready"),
    ):
        stack.enter_context(running(part, environ, f"http://127.0.0.1:{port}/{path}", folder / f"{part}.log"))
    return House(environ, settings)


def _items() -> Iterator[Item]:
    """All bombs again and again, of now."""
    for bomb in cycle(BOMBS):
        for item in bomb():
            item["payload"].pop("timestamp", None)
            yield item


def _send(stranger: MadeSite, report: Report, until: float) -> None:
    items = _items()
    while time.monotonic() < until:
        batch = [next(items) for _ in range(BATCH)]
        answer = stranger.send("/track/batch", batch, **stranger.page)
        if answer.status_code == 429:
            report.items["slowed down"] += BATCH
            time.sleep(min(float(answer.headers["retry-after"]), max(0.0, until - time.monotonic())))
            continue
        body = answer.json()
        report.items["taken"] += body["accepted"]
        report.items.update(each["code"] for each in body["rejected"])


def _build_beside(house: House, neighbour: MadeSite, report: Report, until: float) -> None:
    sent = 0
    while time.monotonic() < until or not sent:
        view = event("screen_view", "00:00:00", f"d{sent}")
        del view["payload"]["timestamp"]
        assert neighbour.send("/track", view).status_code == 200
        sent, sent_at = sent + 1, time.monotonic()
        house.wait_until_landed()
        started = time.monotonic()
        try:
            house.eventlens("build")
        except AssertionError as error:
            report.failed.append(str(error)[-300:])
        report.builds.append(time.monotonic() - started)
        seen = neighbour.ask("metrics", range="7d")["data"]["total_events"]
        report.late.append(time.monotonic() - sent_at)
        assert seen == sent, f"the neighbour sent {sent} events and is shown {seen}"


def _tell(report: Report, aside: list[str]) -> None:
    for what, count in report.items.most_common():
        console.print(f"{count:10,} items {what}")
    console.print(f"{len(report.builds)} builds, the longest {max(report.builds):.0f} s, {len(report.failed)} failed")
    console.print(f"the neighbour's numbers were {max(report.late):.0f} s late at most, and right each time")
    console.print("\n".join([*report.failed, *aside]))


if __name__ == "__main__":
    main()
