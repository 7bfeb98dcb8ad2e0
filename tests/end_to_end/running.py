"""A running Event Lens of the tests' own."""

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import Any

import httpx

from event_lens.settings import Settings
from event_lens.warehouse.access import connect
from event_lens.warehouse.client import Warehouse
from tests.command import run_command


@dataclass(frozen=True)
class House:
    """Warehouse, collector and query API as processes, and the commands beside them."""

    environ: dict[str, str]
    settings: Settings

    @property
    def collector(self) -> str:
        return f"http://127.0.0.1:{self.settings.collector_port}"

    @property
    def query(self) -> str:
        return f"http://127.0.0.1:{self.settings.query_port}"

    def warehouse(self) -> Warehouse:
        return connect(self.settings, "admin")

    def eventlens(self, *arguments: str) -> str:
        """Runs a command as a person would, and returns what it printed."""
        return run_eventlens(self.environ, *arguments)[0]

    def eventlens_json(self, *arguments: str) -> Any:
        """What a command of the registry says as JSON; those start no process of their own."""
        done = run_command(self.environ, *arguments, "--json")
        assert done.returncode == 0, f"eventlens {' '.join(arguments)}:\n{done.stdout}\n{done.stderr}"
        return json.loads(done.stdout)

    def key(self, project: str, type: str, *options: str) -> dict[str, str]:
        """The headers of a new client."""
        client = self.eventlens_json("client", "create", "--project", project, "--type", type, *options)
        return {"openpanel-client-id": client["clientId"], "openpanel-client-secret": client["clientSecret"]}

    def wait_until_landed(self, within_seconds: float = 30) -> None:
        deadline = time.monotonic() + within_seconds
        while httpx.get(f"{self.collector}/health").json()["spool"]["pendingEvents"]:
            assert time.monotonic() < deadline, "acknowledged events did not land"
            time.sleep(0.05)


def run_eventlens(environ: dict[str, str], *arguments: str, is_refused: bool = False) -> tuple[str, int]:
    """Runs a command in `environ`; what it printed, errors too, and its exit code, which is 0 unless `is_refused`."""
    done = subprocess.run(
        [sys.executable, "-m", "cli.main", *arguments],
        env=environ,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert is_refused or done.returncode == 0, f"eventlens {' '.join(arguments)}:\n{done.stdout}\n{done.stderr}"
    return done.stdout + (done.stderr if is_refused else ""), done.returncode
