"""A collector as a process over a home of its own, landing in the warehouse under test."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from event_lens.processes import stop
from event_lens.registry.clients import create_client
from event_lens.registry.database import open_registry
from event_lens.registry.projects import create_project
from event_lens.settings import read_settings
from tests.ports import free_port

WITHIN_SECONDS = 20.0


class CollectorProcess:
    """`eventlens collector` over `home`. `project_id`, `client_id` and `secret` are of a client made for it."""

    program: tuple[str, str] = ("-m", "cli.main")

    def __init__(self, home: Path, warehouse_url: str, *, host: str = "127.0.0.1", **environ: str) -> None:
        self.home = home
        self.port = free_port()
        self.url = f"http://{host}:{self.port}"
        self.environ = {
            "EVENTLENS_HOST": host,
            "EVENTLENS_HOME": str(home),
            "EVENTLENS_COLLECTOR_PORT": str(self.port),
            "EVENTLENS_WAREHOUSE_URL": warehouse_url,
            "EVENTLENS_BATCH_SECONDS": "0.2",
            **environ,
        }
        self.settings = read_settings(self.environ)
        registry = open_registry(self.settings)
        self.project_id = create_project(registry, "collector test").project_id
        client, self.secret = create_client(
            registry, self.project_id, "write", origins=("shop.example.com", "*.example.org")
        )
        reader, self.reader_secret = create_client(registry, self.project_id, "read")
        registry.close()
        self.client_id = client.client_id
        self.reader_id = reader.client_id
        self.log = home / "collector.log"
        self.client = httpx.Client()
        self.process = self._spawn()
        self._wait()

    @property
    def headers(self) -> dict[str, str]:
        return {
            "openpanel-client-id": self.client_id,
            "openpanel-client-secret": self.secret,
            "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0",
        }

    def post(self, path: str, content: bytes, headers: dict[str, str] | None = None) -> httpx.Response:
        return self.client.post(
            f"{self.url}{path}", content=content, headers=self.headers if headers is None else headers
        )

    def track(self, name: str, **payload: Any) -> httpx.Response:
        body = {"type": "track", "payload": {"name": name, **payload}}
        return self.client.post(f"{self.url}/track", json=body, headers=self.headers)

    def pending(self) -> int:
        count: int = self.client.get(f"{self.url}/health").json()["spool"]["pendingEvents"]
        return count

    def wait_until_landed(self) -> None:
        deadline = time.monotonic() + WITHIN_SECONDS
        while self.pending():
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.02)

    def kill(self) -> None:
        """SIGKILL: nothing is tidied up."""
        self.process.kill()
        self.process.wait()

    def restart(self, **environ: str) -> None:
        """Starts again over the same home, after the process ended."""
        self.environ |= environ
        self.client.close()
        self.client = httpx.Client()
        self.process = self._spawn()
        self._wait()

    def stop(self) -> None:
        self.client.close()
        stop(self.process)

    def whole_environ(self) -> dict[str, str]:
        """What the process is started with, for others beside it."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("EVENTLENS_")}
        return inherited | self.environ

    def _spawn(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, *self.program, "collector"]
        with self.log.open("ab") as output:
            return subprocess.Popen(
                command, env=self.whole_environ(), stdout=output, stderr=output, start_new_session=True
            )

    def _wait(self) -> None:
        deadline = time.monotonic() + WITHIN_SECONDS
        while True:
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            try:
                self.client.get(f"{self.url}/ready").raise_for_status()
                return
            except httpx.HTTPError:
                time.sleep(0.03)


@pytest.fixture
def start_collector(tmp_path: Path) -> Iterator[Callable[..., CollectorProcess]]:
    """Starts collectors of a test's own; they are stopped after it."""
    started: list[CollectorProcess] = []

    def start(warehouse_url: str, **environ: str) -> CollectorProcess:
        home = tmp_path / f"home-{len(started)}"
        started.append(CollectorProcess(home, warehouse_url, **environ))
        return started[-1]

    yield start
    for collector in started:
        collector.stop()


@pytest.fixture(scope="session")
def collector(warehouse_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CollectorProcess]:
    """A collector for all tests that only send."""
    process = CollectorProcess(
        tmp_path_factory.mktemp("collector"), warehouse_url, EVENTLENS_BASE_PATH="/api/v1", EVENTLENS_RATE_LIMIT="0"
    )
    yield process
    process.stop()
