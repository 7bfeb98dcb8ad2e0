"""Collector and query API behind each proxy; the warehouse is away, for only the way to them is tried."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from event_lens.processes import running
from event_lens.registry.database import open_registry
from event_lens.registry.projects import change_project
from tests.deploy.front import NAME, PROXIES, Certificate, Parts, visitor
from tests.ports import free_port
from tests.unit.collector.conftest import CollectorProcess

BEHIND = "127.0.0.2"
# An address whose events the project of these tests excludes.
EXCLUDED = "127.0.0.9"
BASE_PATH = "/api/v1/analytics"


@dataclass
class Front:
    """The public address behind which the parts are. `collector` knows a project and its clients."""

    port: int
    plain_port: int
    certificate: Certificate
    collector: CollectorProcess

    def visitor(self, address: str = "127.0.0.1") -> httpx.Client:
        return visitor(self.certificate, self.port, address)


@pytest.fixture(scope="session")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[CollectorProcess, int]]:
    """A collector and the port of a query API, both at `BEHIND` and nowhere else."""
    home = tmp_path_factory.mktemp("behind")
    query_port = free_port()
    collector = CollectorProcess(
        home,
        f"http://127.0.0.1:{free_port()}",
        host=BEHIND,
        EVENTLENS_QUERY_PORT=str(query_port),
        EVENTLENS_BASE_PATH=BASE_PATH,
        EVENTLENS_TRUSTED_PROXIES="127.0.0.1/32",
        EVENTLENS_PUBLIC_URL=f"https://{NAME}",
    )
    try:
        registry = open_registry(collector.settings)
        change_project(registry, collector.project_id, own_addresses=[EXCLUDED])
        registry.close()
        environ = collector.whole_environ()
        with running("query", environ, f"http://{BEHIND}:{query_port}/health", home / "query.log"):
            yield collector, query_port
    finally:
        collector.stop()


@pytest.fixture(scope="session", params=PROXIES)
def front(
    request: pytest.FixtureRequest,
    behind: tuple[CollectorProcess, int],
    certificate: Certificate,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Front]:
    collector, query_port = behind
    folder: Path = tmp_path_factory.mktemp(request.param)
    port = free_port()
    # No Dagster runs here; tests/unit/orchestration tries the real one.
    parts = Parts(f"{BEHIND}:{collector.port}", f"{BEHIND}:{query_port}", f"{BEHIND}:{free_port()}")
    with PROXIES[request.param](folder, certificate, parts, port) as plain:
        yield Front(port, plain, certificate, collector)
