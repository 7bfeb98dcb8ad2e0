"""The demo's steps: start, send, land, build, ask, stop."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from itertools import chain
from pathlib import Path

from chdb_server.data_folder import owned
from cli.console import console, progress_bar
from cli.demo.answers import Answers
from cli.demo.report import show_report
from cli.page import page_address
from cli.simulate.program import VIEWS, program_requests
from cli.simulate.sender import Sent, send_traffic
from cli.simulate.traffic import DAY_MS, make_traffic
from cli.simulate.visits import SITE
from event_lens.clock import now_ms
from event_lens.contract.filters import RawFilter
from event_lens.data_dir import VERSION_FILE
from event_lens.errors import Broken, Refused
from event_lens.processes import free_ports, running
from event_lens.registry.clients import create_client
from event_lens.registry.database import open_registry
from event_lens.registry.definitions.cohorts import Count, Criterion, create_cohort
from event_lens.registry.definitions.funnels import create_funnel
from event_lens.registry.definitions.goals import create_goal
from event_lens.registry.projects import create_project
from event_lens.settings import Settings, read_settings

HOME = ".eventlens-demo"
LAND_WITHIN_SECONDS = 120
# Where `make up` serves afterwards.
QUERY_PORT = 3003
FUNNEL = ("screen_view", "add_to_cart", "purchase")
COHORTS = {
    "Bought again": Criterion(event="purchase", count=Count(value=2)),
    "Readers of the blog": Criterion(event="screen_view", filters=[RawFilter("path", "startsWith", ["/blog"])]),
}
PROGRAM_SHARE = 0.1
"""The greatest share of the demo's events that the unlisted program sends."""
PROGRAM_DAYS_AGO = 3


def run_demo(environ: Mapping[str, str], *, events: int, days: int, seed: int) -> None:
    """Run the demo in a home of its own and on free ports. Every process that it starts has ended when it returns.

    Raises `Broken` when an answer does not add up to the sent events.
    """
    started = time.monotonic()
    environ = _environment(environ)
    settings = read_settings(environ)
    _empty(settings.home)
    with ExitStack() as stack:
        with progress_bar("Starting warehouse, collector and query API"):
            for part, url in _parts(settings):
                log = settings.home / "logs" / f"{part}.log"
                log.parent.mkdir(parents=True, exist_ok=True)
                stack.enter_context(running(part, environ, url, log))
        project_id, writer, reader = _prepare_registry(settings)
        sent = _send(settings, writer, events, days, seed)
        _wait_until_landed(settings)
        _build(environ)
        show_report(Answers(f"http://127.0.0.1:{settings.query_port}", project_id, reader, days), sent, FUNNEL)
    console.print(
        f"\nDone in {time.monotonic() - started:.0f} seconds; every process has ended. To look around:\n"
        f"  [bold]EVENTLENS_HOME={HOME} make up[/bold]\n"
        f"  Page     {page_address(replace(settings, query_port=QUERY_PORT))}   signed in, once, within 15 minutes\n"
        f"  Dagster  http://127.0.0.1:3000   assets, runs, backfills of any range of days\n"
        f"  SQL      curl 'http://127.0.0.1:8123/?user=analyst' -d 'SELECT * FROM lens.profiles FORMAT Vertical'\n"
        f"  API      curl -H 'openpanel-client-id: {reader[0]}' -H 'openpanel-client-secret: {reader[1]}' "
        f"'http://127.0.0.1:3003/insights/{project_id}/metrics?range=30d'",
        highlight=False,
        soft_wrap=True,
    )


def _environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the caller's environment without its Event Lens settings, and with the demo's settings."""
    parts = ("WAREHOUSE", "WAREHOUSE_NATIVE", "COLLECTOR", "QUERY", "DAGSTER")
    return {
        **{name: value for name, value in environ.items() if not name.startswith("EVENTLENS_")},
        **{f"EVENTLENS_{part}_PORT": str(port) for part, port in zip(parts, free_ports(len(parts)), strict=True)},
        "EVENTLENS_HOME": str(Path(HOME).absolute()),
        # A site's settings file, even one next to this home, does not apply to the demo.
        "EVENTLENS_ENV_FILE": os.devnull,
        # The simulator acts as the proxy in front of a site: it sends the visitors' addresses.
        "EVENTLENS_TRUSTED_PROXIES": "127.0.0.1/32",
        "EVENTLENS_RATE_LIMIT": "0",
    }


def _empty(home: Path) -> None:
    """Remove an earlier demo. Raises `Refused` for a folder that is not a demo's, so that no files are lost, and for a
    demo that is running.
    """
    if not home.exists():
        return
    if any(home.iterdir()) and not (home / VERSION_FILE).exists():
        raise Refused(f"{home} is not a home of Event Lens; move it away and run the demo again.", code="home_foreign")
    with owned(home / "warehouse"):
        shutil.rmtree(home)


def _parts(settings: Settings) -> tuple[tuple[str, str], ...]:
    return (
        ("warehouse", f"http://127.0.0.1:{settings.warehouse_port}/ping"),
        ("collector", f"http://127.0.0.1:{settings.collector_port}/ready"),
        ("query", f"http://127.0.0.1:{settings.query_port}/ready"),
    )


def _prepare_registry(settings: Settings) -> tuple[str, tuple[str, str], tuple[str, str]]:
    registry = open_registry(settings)
    try:
        project = create_project(registry, "Demo shop", timezone="Europe/Berlin", currency="EUR", accept_days=0)
        writer, writer_secret = create_client(registry, project.project_id, "write", origins=(SITE,))
        reader, reader_secret = create_client(registry, project.project_id, "read")
        create_funnel(registry, project.project_id, "From a page to a purchase", FUNNEL)
        create_funnel(registry, project.project_id, "The same on each kind of device", FUNNEL, breakdown="device")
        for name, criterion in COHORTS.items():
            create_cohort(registry, project.project_id, name, (criterion,))
        create_goal(registry, project.project_id, "A purchase", "purchase")
    finally:
        registry.close()
    return project.project_id, (writer.client_id, writer_secret), (reader.client_id, reader_secret)


def _send(settings: Settings, writer: tuple[str, str], events: int, days: int, seed: int) -> Sent:
    url = f"http://127.0.0.1:{settings.collector_port}"
    by_program, until_ms = min(VIEWS, int(PROGRAM_SHARE * events)), now_ms()
    program = program_requests(until_ms - min(days, PROGRAM_DAYS_AGO) * DAY_MS, by_program)
    people = make_traffic(events - by_program, days, seed, until_ms)
    with progress_bar(f"Sending {events:,} events of {days} days over HTTP", events) as bar:
        return send_traffic(url, writer, chain(people, (request for _, request in program)), bar.advance)


def _wait_until_landed(settings: Settings) -> None:
    """Wait until the collector's spool is empty: everything acknowledged is in lens_raw."""
    deadline = time.monotonic() + LAND_WITHIN_SECONDS
    collector = Answers(f"http://127.0.0.1:{settings.collector_port}", "", ("", ""), 0)
    with progress_bar("Waiting until everything acknowledged has landed"):
        while pending := collector.get("/health")["spool"]["pendingEvents"]:
            if time.monotonic() > deadline:
                raise Broken(
                    f"{pending} events have not landed after {LAND_WITHIN_SECONDS} s; see {settings.home}/logs.",
                    code="demo_not_landed",
                )
            time.sleep(0.1)


def _build(environ: Mapping[str, str]) -> None:
    console.print("Building the models: a Dagster run of dbt", highlight=False)
    command = [sys.executable, "-m", "cli.main", "build"]
    if subprocess.run(command, env=dict(environ), check=False).returncode:
        raise Broken("The build failed; the lines above say why.", code="demo_not_built")
