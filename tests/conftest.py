"""What every test may use: a migrated warehouse, the embedded one unless EVENTLENS_WAREHOUSE_URL names a server."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from xdist.remote import Producer

from event_lens.settings import read_settings
from event_lens.warehouse.access import read_access
from event_lens.warehouse.client import Warehouse
from event_lens.warehouse.migrate import migrate
from tests.deploy.front import Certificate, make_certificate
from tests.ports import free_port
from tests.postgres import PostgresServer, find_binaries
from tests.sharing import FileScheduling, sort_slowest_first

START_SECONDS = 60.0

# The time that a busy machine needs to make examples says nothing about the program.
hypothesis_settings.register_profile("any_machine", suppress_health_check=[HealthCheck.too_slow], deadline=None)
hypothesis_settings.load_profile("any_machine")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> FileScheduling:
    return FileScheduling(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """One process keeps the tests' order; several begin with what takes longest."""
    if hasattr(config, "workerinput"):
        sort_slowest_first(items)


class EmbeddedServer:
    """A process that serves the embedded warehouse over `home`, on free ports of its own.

    `url` is the server's as `admin`, `guarded_url` that of the guard for analysts.
    """

    def __init__(self, home: Path, **environ: str) -> None:
        self.home = home
        self.port = free_port()
        self.native_port = free_port()
        self.guarded_url = f"http://127.0.0.1:{self.port}"
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("EVENTLENS_")}
        self.environment |= {
            "EVENTLENS_HOME": str(home),
            "EVENTLENS_WAREHOUSE_PORT": str(self.port),
            "EVENTLENS_WAREHOUSE_NATIVE_PORT": str(self.native_port),
            **environ,
        }
        self.process = self._spawn()

    @property
    def url(self) -> str:
        return read_access(self.home).url("admin")

    def _spawn(self) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "chdb_server"]
        return subprocess.Popen(command, env=self.environment, stderr=subprocess.PIPE, text=True)

    def wait(self) -> "EmbeddedServer":
        """Block until `/ping` is Ok; fail with what the process said if it ends before."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise AssertionError(
                    f"the warehouse ended with {self.process.returncode}: {self.process.communicate()[1]}"
                )
            try:
                if httpx.get(f"{self.guarded_url}/ping").status_code == 200:
                    return self
            except httpx.TransportError:
                time.sleep(0.05)
        raise AssertionError("the warehouse did not start in time")

    def restart(self) -> None:
        """Start again over the same home, after the process ended."""
        self.process.communicate()
        self.process = self._spawn()
        self.wait()

    def stop(self) -> int:
        """End by SIGTERM and return the exit code."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.communicate(timeout=40)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
        return self.process.returncode


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """A certificate of the tests' own, for the proxies."""
    return make_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(scope="session")
def embedded_warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    """The embedded warehouse that tests share; those that need it skip where the warehouse is a ClickHouse server."""
    if os.environ.get("EVENTLENS_WAREHOUSE_URL"):
        pytest.skip("the warehouse under test is a ClickHouse server")
    server = EmbeddedServer(tmp_path_factory.mktemp("home"))
    try:
        yield server.wait()
    finally:
        server.stop()


@pytest.fixture(scope="session")
def warehouse_url(request: pytest.FixtureRequest) -> str:
    """The address of a migrated warehouse. Tests keep apart by project_id and never drop tables."""
    given = os.environ.get("EVENTLENS_WAREHOUSE_URL", "")
    if given:
        with Warehouse(given) as real:
            migrate(real)
        return read_settings({"EVENTLENS_WAREHOUSE_URL": given}).warehouse_url
    server: EmbeddedServer = request.getfixturevalue("embedded_warehouse")
    return server.url


@pytest.fixture(scope="session")
def guarded_url(embedded_warehouse: EmbeddedServer) -> str:
    """The address at which analysts ask the embedded warehouse."""
    return embedded_warehouse.guarded_url


@pytest.fixture
def warehouse(warehouse_url: str) -> Iterator[Warehouse]:
    """A connection to the warehouse under test."""
    with Warehouse(warehouse_url) as connection:
        yield connection


@pytest.fixture
def only_embedded() -> None:
    """For tests of what only the embedded warehouse promises."""
    if os.environ.get("EVENTLENS_WAREHOUSE_URL"):
        pytest.skip("the warehouse under test is a ClickHouse server")


@pytest.fixture
def start_embedded() -> Iterator[Callable[[Path], EmbeddedServer]]:
    """Starts embedded warehouses of a test's own; they are stopped after it."""
    started: list[EmbeddedServer] = []

    def start(home: Path) -> EmbeddedServer:
        started.append(EmbeddedServer(home))
        return started[-1]

    yield start
    for server in started:
        server.stop()


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    binaries = find_binaries()
    if binaries is None:
        pytest.skip("PostgreSQL is missing: install Debian's package postgresql")
    server = PostgresServer(binaries)
    yield server
    server.stop()
