"""A whole house for the journeys: warehouse, collector and query API as processes, the commands beside them."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from event_lens.processes import free_port, running
from event_lens.settings import Settings, read_settings
from event_lens.warehouse.connection import Warehouse


@dataclass(frozen=True)
class House:
    """A running Event Lens of the tests' own."""

    environ: dict[str, str]
    settings: Settings

    @property
    def collector(self) -> str:
        return f"http://127.0.0.1:{self.settings.collector_port}"

    @property
    def query(self) -> str:
        return f"http://127.0.0.1:{self.settings.query_port}"

    def warehouse(self) -> Warehouse:
        return Warehouse(self.settings.warehouse_address)

    def eventlens(self, *arguments: str) -> str:
        """Runs a command as a person would, and returns what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "event_lens.cli", *arguments],
            env=self.environ,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        assert done.returncode == 0, f"eventlens {' '.join(arguments)}:\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def eventlens_json(self, *arguments: str) -> Any:
        return json.loads(self.eventlens(*arguments, "--json"))

    def key(self, project: str, type: str, *options: str) -> dict[str, str]:
        """The headers of a new client."""
        client = self.eventlens_json("client", "create", "--project", project, "--type", type, *options)
        return {"openpanel-client-id": client["clientId"], "openpanel-client-secret": client["clientSecret"]}

    def wait_until_landed(self) -> None:
        deadline = time.monotonic() + 30
        while httpx.get(f"{self.collector}/health").json()["spool"]["pendingEvents"]:
            assert time.monotonic() < deadline, "acknowledged events did not land"
            time.sleep(0.05)


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    home = tmp_path_factory.mktemp("house") / "home"
    environ = {name: value for name, value in os.environ.items() if not name.startswith("EVENTLENS_")}
    environ |= {f"EVENTLENS_{part}_PORT": str(free_port()) for part in ("WAREHOUSE", "COLLECTOR", "QUERY", "DAGSTER")}
    environ |= {"EVENTLENS_HOME": str(home), "EVENTLENS_BATCH_SECONDS": "0.2", "COLUMNS": "200"}
    settings = read_settings(environ)
    logs = tmp_path_factory.mktemp("logs")
    ready = {
        "warehouse": f"http://127.0.0.1:{settings.warehouse_port}/ping",
        "collector": f"http://127.0.0.1:{settings.collector_port}/ready",
        "query": f"http://127.0.0.1:{settings.query_port}/ready",
    }
    with ExitStack() as stack:
        for part, url in ready.items():
            stack.enter_context(running(part, environ, url, Path(logs) / f"{part}.log"))
        yield House(environ, settings)
