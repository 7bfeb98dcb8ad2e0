"""One world for all questions: projects landed in raw, built by dbt once, and a real process that answers over HTTP."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from event_lens.registry import tables
from event_lens.registry.clients import create_client
from event_lens.registry.database import Registry, open_registry
from event_lens.registry.projects import create_project
from event_lens.settings import read_settings
from event_lens.warehouse.client import Warehouse
from query.pool import QUERY_TIMEOUT_SECONDS
from tests.ports import free_port
from tests.spec.build import Build
from tests.spec.landing import land, land_settings, mark_built, rows_of
from tests.spec.rows import Project
from tests.unit.query.demo_shop import CURRENCY, DEMO, ZONE, fill_demo
from tests.unit.query.sample_projects import (
    World,
    fill_edges,
    fill_instants,
    fill_late,
    fill_midnight,
    fill_money,
    fill_nights,
    fill_people,
    fill_plain,
    fill_random,
    fill_shop,
    fill_steps,
    fill_waiting,
)

SERVE = """
import os
import query.http.slow_bodies
import query.pool
from event_lens.settings import read_settings
from query.app import serve
query.pool.QUERY_TIMEOUT_SECONDS = int(os.environ["QUESTION_SECONDS"])
query.http.slow_bodies.BODY_SECONDS = float(os.environ.get("BODY_SECONDS", query.http.slow_bodies.BODY_SECONDS))
serve(read_settings(os.environ))
"""
START_SECONDS = 120.0
ZONES = {
    "plain": "UTC",
    "kolkata": "Asia/Kolkata",
    "berlin": "Europe/Berlin",
    "steps": "UTC",
    "random": "America/New_York",
    "instants": "UTC",
    "nights": "UTC",
    "money": "UTC",
    "mixed": "UTC",
    "midnight": "UTC",
    "shop": "UTC",
    "people": "Europe/Berlin",
    "late": "UTC",
    "waiting": "UTC",
    "one": "Asia/Kolkata",
    "live": "UTC",
    "empty": "UTC",
    "demo": ZONE,
}
SHOP = "shop-0001"
FIXED_IDS = {"shop": SHOP, "demo": DEMO}
"""Projects whose answers are written down: the ids of their sessions follow from the project's."""
CURRENCIES = {"plain": "EUR", "money": "EUR", "shop": "EUR", "demo": CURRENCY}
MADE_AT = datetime(2026, 5, 1, tzinfo=UTC).replace(tzinfo=None)
NOTE_BUILD = "INSERT INTO lens_staging.builds VALUES ('query tests', now64(3))"

Ask = Callable[..., httpx.Response]


class QueryServer:
    """A process that serves questions over the warehouse at `warehouse_url`; each may take `question_seconds`."""

    def __init__(
        self, home: Path, warehouse_url: str, *, question_seconds: int = QUERY_TIMEOUT_SECONDS, **settings: str
    ) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.settings = {"EVENTLENS_HOME": str(home), "EVENTLENS_WAREHOUSE_URL": warehouse_url}
        self.settings |= {"EVENTLENS_QUERY_PORT": str(self.port), **settings}
        self.settings |= {"QUESTION_SECONDS": str(question_seconds)}
        clean = {name: value for name, value in os.environ.items() if not name.startswith("EVENTLENS_")}
        # A file and not a pipe: a full pipe that nobody reads would stop the process.
        self.log = home / f"query-{self.port}.log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen([sys.executable, "-c", SERVE], env=clean | self.settings, stderr=log)

    def wait(self) -> "QueryServer":
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            assert self.process.poll() is None, self.log.read_text()
            try:
                httpx.get(f"{self.url}/health").raise_for_status()
            except httpx.TransportError:
                time.sleep(0.05)
            else:
                return self
        raise AssertionError("the query layer did not start in time")

    def stop(self) -> int:
        """End by SIGTERM; the exit code."""
        self.process.terminate()
        return self.process.wait(timeout=30)


@pytest.fixture
def start_query() -> Iterator[Callable[..., QueryServer]]:
    """Starts processes of a test's own; they are stopped after it."""
    started: list[QueryServer] = []

    def start(home: Path, warehouse_url: str, **settings: Any) -> QueryServer:
        started.append(QueryServer(home, warehouse_url, **settings))
        return started[-1].wait()

    yield start
    for server in started:
        if server.process.poll() is None:
            server.stop()


def make_key(registry: Registry, project_id: str, type: str = "read") -> dict[str, str]:
    """The headers of a new key."""
    client, secret = create_client(registry, project_id, type)
    return {"openpanel-client-id": client.client_id, "openpanel-client-secret": secret}


def add_project(registry: Registry, name: str) -> str:
    """A project of the tests, with an id that is always the same if it has one in `FIXED_IDS`."""
    zone, currency = ZONES[name], CURRENCIES.get(name, "")
    if name not in FIXED_IDS:
        return create_project(registry, name, timezone=zone, currency=currency).project_id
    fixed_id = FIXED_IDS[name]
    with registry.session() as session:
        session.add(
            tables.Project(project_id=fixed_id, name=name, timezone=zone, currency=currency, created_at=MADE_AT)
        )
    return fixed_id


@pytest.fixture(scope="session")
def world(warehouse_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    home = tmp_path_factory.mktemp("query-home")
    registry = open_registry(read_settings({"EVENTLENS_HOME": str(home)}))
    projects, keys = {}, {}
    for name, zone in ZONES.items():
        project_id = add_project(registry, name)
        projects[name] = Project(project_id, timezone=zone, currency=CURRENCIES.get(name, ""))
        keys[name] = make_key(registry, project_id)
    keys["write"] = make_key(registry, projects["plain"].project_id, "write")
    keys["root"] = make_key(registry, projects["plain"].project_id, "root")
    keys["shop write"] = make_key(registry, projects["shop"].project_id, "write")
    keys["shop root"] = make_key(registry, projects["shop"].project_id, "root")
    registry.close()
    fill_plain(projects["plain"])
    fill_edges(projects["kolkata"], "2026-03-09 18:30")
    fill_edges(projects["berlin"], "2026-03-28 23:00")
    for at in ("2025-10-26 00:30", "2025-10-26 01:30"):
        projects["berlin"].view(at, "/twice", "d3")
    fill_midnight(projects["midnight"])
    fill_steps(projects["steps"])
    fill_random(projects["random"], 11)
    fill_instants(projects["instants"], 12)
    fill_nights(projects["nights"], 13)
    fill_money(projects["money"])
    fill_money(projects["mixed"])
    fill_shop(projects["shop"])
    fill_people(projects["people"])
    fill_late(projects["late"])
    fill_waiting(projects["waiting"])
    fill_demo(projects["demo"])
    projects["one"].view("2026-03-09 19:00", "/only", "d1")
    with Warehouse(warehouse_url) as warehouse:
        land_settings(warehouse, projects.values())
        touched = land(warehouse, rows_of(projects.values()), [])
        Build(warehouse_url, tmp_path_factory.mktemp("query-dbt")).touched(touched)
        warehouse.command(NOTE_BUILD)
        mark_built(warehouse, projects.values())
    server = QueryServer(home, warehouse_url, EVENTLENS_BASE_PATH="/api/v1", EVENTLENS_FAILED_KEYS="0")
    try:
        yield World(server.wait().url, home, warehouse_url, projects, keys)
    finally:
        code = server.stop()
    assert code == 0
    lines = [json.loads(line) for line in server.log.read_text().splitlines()]
    assert {line["event"] for line in lines} <= {"request_answered"}


@pytest.fixture(scope="session")
def ask(world: World) -> Iterator[Ask]:
    """Asks a question of a project of the world with its own key: `ask("plain", "metrics", range="7d")`."""
    with httpx.Client(base_url=world.url, timeout=30) as client:

        def get(
            name: str, question: str, body: Any = None, headers: Mapping[str, str] | None = None, **written: Any
        ) -> httpx.Response:
            path = f"/insights/{world.projects[name].project_id}/{question}"
            key = world.keys[name] if headers is None else headers
            if body is not None:
                return client.post(path, json=body, headers=key, params=written)
            return client.get(path, headers=key, params=written)

        yield get


@pytest.fixture(scope="session")
def answer(ask: Ask) -> Callable[..., Any]:
    """The data of an answer that must be given."""

    def data(name: str, question: str, body: Any = None, **written: Any) -> Any:
        response = ask(name, question, body, **written)
        assert response.status_code == 200, response.text
        return response.json()["data"]

    return data
