"""The cost of questions: every report over HTTP, uncached and from the cache, next to plain SQL over raw events.

An uncached question is asked after the version of the tables has changed, as after a build; the cached one is the same
question asked again. Then the module measures 200 questions at once, and how one project's heavy funnels affect another
project's questions. It ends by itself: each part has a number of seconds, and no round starts after them.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Sequence
from datetime import timedelta
from http.client import HTTPConnection
from pathlib import Path
from threading import Event, Thread

from bench import traffic
from bench.asked import RAW, Asked, every_report, funnel, of_cards
from bench.asking import Asker, Times, ask_at_once, median, quantile
from bench.models import build, define, warehouse_of
from bench.site import Site, peak_mib, reset_peak
from cli.console import console, show_table
from event_lens.registry.clients import create_client
from event_lens.registry.database import open_registry
from event_lens.registry.projects import create_project
from event_lens.warehouse.client import Warehouse

DAYS = 90
EVENTS_A_DEVICE = 10
LIGHT_SHARE = 100
"""The light project has this part of the heavy one's events."""
FRESH_SECONDS = 1.05
"""How long the service caches the tables' version."""
LEAST_ROUNDS = 3
NEIGHBOUR_ROUNDS = 10
AT_ONCE = 200
HEAVY_ASKERS = 8
NEXT_VERSION = (
    "INSERT INTO lens_staging.builds (build_id, finished_at) SELECT toString(generateUUIDv4()), now64(3, 'UTC')"
)
PERIOD = {"first": traffic.EPOCH.date(), "end": traffic.EPOCH.date() + timedelta(days=DAYS)}
FIRST, LAST = PERIOD["first"], PERIOD["end"] - timedelta(days=1)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--millions", type=float, default=10, help="events of 90 days")
    arguments.add_argument("--rounds", type=int, default=20, help="how often each question is asked, at most")
    arguments.add_argument("--seconds", type=float, default=150, help="after so many no further round begins")
    arguments.add_argument("--only", default="", help="only questions whose name has this text, and nothing else")
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="eventlens-bench-") as folder:
        site = Site(Path(folder))
        defined = define(site)
        heavy, light = _askers(site)
        with site.warehouse() as warehouse_process, warehouse_of(site) as warehouse:
            console.print(f"{chosen.millions:g} million events: landing and building ...")
            _fill(warehouse, round(chosen.millions * 1e6), heavy.project_id, light.project_id)
            built = build(site, warehouse_process, "--full-refresh")
            console.print(f"Built in {built.command_seconds:.0f} s.")
            questions = every_report(FIRST, LAST, defined | _ids(warehouse, heavy.project_id))
            with site.query() as process:
                asked = [each for each in questions if chosen.only in each.name]
                _show_reports(warehouse, heavy, asked, chosen.rounds, chosen.seconds)
                if not chosen.only:
                    _show_crowd(process.pid, heavy)
                    _show_neighbour(warehouse, heavy, light, min(chosen.rounds, NEIGHBOUR_ROUNDS))


def _askers(site: Site) -> tuple[Asker, Asker]:
    """Return the askers of the project with the traffic, and of a project with a hundredth of it."""
    registry = open_registry(site.settings)
    askers = []
    for project_id in (site.project_id, create_project(registry, "light").project_id):
        client, secret = create_client(registry, project_id, "read")
        key = {"openpanel-client-id": client.client_id, "openpanel-client-secret": secret}
        askers.append(Asker(site.query_port, project_id, key))
    registry.close()
    return askers[0], askers[1]


def _fill(warehouse: Warehouse, events: int, heavy: str, light: str) -> None:
    """Land a history of `events` events for the heavy project, and of a hundredth of them for the light one. Visits
    draw their devices from a pool of three devices for every ten events. So about one device for every ten events
    comes, most of them once.
    """
    for project_id, count in ((heavy, events), (light, events // LIGHT_SHARE)):
        visits = round(count / traffic.EVENTS_A_VISIT / DAYS)
        devices = traffic.Devices(count * 3 // EVENTS_A_DEVICE, count // EVENTS_A_DEVICE // 2 // DAYS)
        traffic.history(warehouse, project_id, DAYS, visits_a_day=visits, batch=project_id, devices=devices)


def _ids(warehouse: Warehouse, project_id: str) -> dict[str, str]:
    """Return the ids of a session, a profile and a group of the project, by parameter."""
    found = {}
    for name, table in (("session", "sessions"), ("profile", "profiles"), ("group", "groups")):
        value = f"SELECT toString({name}_id) FROM lens.{table} WHERE project_id = {{project:String}} LIMIT 1"
        found[name] = warehouse.value(value, {"project": project_id})
    return found


def _show_reports(warehouse: Warehouse, asker: Asker, questions: Sequence[Asked], rounds: int, seconds: float) -> None:
    times = {asked.name: Times() for asked in questions}
    started, connection = time.monotonic(), asker.connect()
    # Both sides are warm before anything is timed.
    _round(warehouse, asker, connection, questions, {asked.name: Times() for asked in questions})
    done = 0
    while done < rounds and (done < LEAST_ROUNDS or time.monotonic() - started < seconds):
        _next_version(warehouse)
        # The first question waits for the freshness, so it is another one in each round.
        first = done * len(questions) // rounds
        _round(warehouse, asker, connection, [*questions[first:], *questions[:first]], times)
        done += 1
    rows = [[name, *_row(each)] for name, each in times.items()]
    sizes = warehouse.rows(
        "SELECT count() AS events, uniqExact(device_id) AS devices FROM lens.events WHERE project_id = {p:String}",
        {"p": asker.project_id},
    )[0]
    show_table(
        f"{sizes['events']:,} events of {sizes['devices']:,} devices in {DAYS} days: ms over HTTP, {done} rounds",
        ["question", "table", "p50", "p95", "cached p50", "p95", "raw p50", "raw / ours"],
        rows,
    )


def _round(
    warehouse: Warehouse, asker: Asker, connection: HTTPConnection, questions: Sequence[Asked], times: dict[str, Times]
) -> None:
    for asked in questions:
        for _ in range(3):
            times[asked.name].note(asker.ask(connection, asked))
            if times[asked.name].refused:
                break
    # Not in between: during such a long statement the freshness grows old, and the next question waits for it.
    for asked in questions:
        if asked.name in RAW:
            started = time.perf_counter()
            warehouse.rows(RAW[asked.name], {"project": asker.project_id, **PERIOD})
            times[asked.name].raw.append((time.perf_counter() - started) * 1000)


def _row(times: Times) -> list[object]:
    if not times.uncached:
        return [times.refused, *[""] * 6]
    # Live answers are never cached.
    cached = [f"{median(times.cached):.1f}", f"{quantile(times.cached, 0.95):.1f}"] if times.cached else ["", ""]
    p50 = median(times.uncached)
    raw = [f"{median(times.raw):.0f}", f"{median(times.raw) / p50:.1f}"] if times.raw else ["", ""]
    return [times.table, f"{p50:.1f}", f"{quantile(times.uncached, 0.95):.1f}", *cached, *raw]


def _show_crowd(pid: int, asker: Asker) -> None:
    """Show the times of many different questions that are asked at once, as by many open pages."""
    periods = [(FIRST + timedelta(days=number), LAST) for number in range(AT_ONCE // 6 + 1)]
    questions = [asked for first, last in periods for asked in of_cards(first, last)][:AT_ONCE]
    reset_peak(pid)
    started = time.perf_counter()
    statuses, times = ask_at_once(asker, questions)
    seconds = time.perf_counter() - started
    show_table(
        f"{AT_ONCE} questions of a project at once",
        ["answered", "failed", "seconds", "p50 ms", "p95 ms", "peak MiB of the service"],
        [
            [
                statuses[200],
                AT_ONCE - statuses[200],
                f"{seconds:.1f}",
                f"{median(times):.0f}",
                f"{quantile(times, 0.95):.0f}",
                f"{peak_mib(pid):.0f}",
            ]
        ],
    )


def _show_neighbour(warehouse: Warehouse, heavy: Asker, light: Asker, rounds: int) -> None:
    """Show the times of a light project's questions, alone and while another project asks funnels."""
    alone = _cards(warehouse, light, rounds)
    stopped = Event()
    askers = [Thread(target=_ask_funnels, args=(heavy, number, stopped)) for number in range(HEAVY_ASKERS)]
    for thread in askers:
        thread.start()
    try:
        beside = _cards(warehouse, light, rounds)
    finally:
        stopped.set()
        for thread in askers:
            thread.join()
    show_table(
        f"A light project's questions, alone and beside {HEAVY_ASKERS} askers of funnels of another",
        ["", "asked", "p50 ms", "p95 ms"],
        [
            [name, len(times), f"{median(times):.1f}", f"{quantile(times, 0.95):.1f}"]
            for name, times in (("alone", alone), ("beside", beside))
        ],
    )


def _cards(warehouse: Warehouse, asker: Asker, rounds: int) -> list[float]:
    times, connection = Times(), asker.connect()
    for _ in range(rounds):
        _next_version(warehouse)
        for asked in of_cards(FIRST, LAST):
            times.note(asker.ask(connection, asked))
    return times.uncached


def _ask_funnels(asker: Asker, number: int, stopped: Event) -> None:
    connection, window = asker.connect(), 86_400 * (number + 1)
    while not stopped.is_set():
        asker.ask(connection, funnel(FIRST, LAST, window))
        window += 1


def _next_version(warehouse: Warehouse) -> None:
    warehouse.command(NEXT_VERSION)
    time.sleep(FRESH_SECONDS)


if __name__ == "__main__":
    os.environ.setdefault("COLUMNS", "140")
    main()
