"""The parts of a system under faults: real processes over one home, killed and started again."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, NamedTuple, Self

from event_lens.processes import is_answering, stop
from event_lens.registry.clients import create_client
from event_lens.registry.database import open_registry
from event_lens.registry.projects import create_project
from event_lens.settings import read_settings
from event_lens.warehouse.access import connect
from event_lens.warehouse.client import Warehouse
from tests.ports import free_port

START_WITHIN_SECONDS = 60.0
DRAIN_WITHIN_SECONDS = 60.0

FAST_LANDING = {"EVENTLENS_BATCH_SECONDS": "0.05", "EVENTLENS_BATCH_EVENTS": "300"}
"""Segments are small and many, so that most moments are moments of landing."""


class Sender(NamedTuple):
    """Who sends: a project of its own and the headers of its client."""

    project_id: str
    headers: dict[str, str]


class Part:
    """`eventlens NAME` as a process; its output is kept in `log`."""

    def __init__(self, name: str, home: Path, port: int, environ: dict[str, str], ready_path: str) -> None:
        self.name = name
        self.port = port
        self.environ = environ
        self.ready_url = f"http://127.0.0.1:{port}{ready_path}"
        self.log = home / f"{name}-{port}.log"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def full_environ(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("EVENTLENS_")}
        return inherited | self.environ

    def spawn(self) -> None:
        """Starts the process and does not wait for it."""
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "cli.main", self.name],
                env=self.full_environ,
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )

    def wait(self) -> None:
        """Blocks until it answers; fails with the end of its output when it does not."""
        deadline = time.monotonic() + START_WITHIN_SECONDS
        while not is_answering(self.ready_url):
            assert self.process is not None
            assert self.process.poll() is None, f"{self.name} ended:\n{self.last_lines()}"
            assert time.monotonic() < deadline, f"{self.name} is not ready:\n{self.last_lines()}"
            time.sleep(0.02)

    def start(self) -> None:
        self.spawn()
        self.wait()

    def kill(self) -> None:
        """SIGKILL to the process and its children: nothing is tidied up."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def terminate(self, within_seconds: float = 40.0) -> int:
        """SIGTERM; the exit code, once it has ended."""
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(within_seconds)

    def stop(self) -> None:
        if self.process is not None:
            stop(self.process)

    def events(self) -> list[str]:
        """The names of what was logged, in order."""
        return re.findall(r'"event": "(\w+)"', self.log.read_text(errors="replace"))

    def last_lines(self) -> str:
        return "\n".join(line[:400] for line in self.log.read_text(errors="replace").splitlines()[-12:])


class System:
    """A warehouse and a collector over one home, on free ports. Ends its processes at the end of its block."""

    def __init__(self, home: Path, **environ: str) -> None:
        self.home = home
        warehouse_port = free_port()
        self.environ = {
            "EVENTLENS_HOME": str(home),
            "EVENTLENS_WAREHOUSE_PORT": str(warehouse_port),
            "EVENTLENS_WAREHOUSE_NATIVE_PORT": str(free_port()),
            **FAST_LANDING,
            **environ,
        }
        home.mkdir(parents=True, exist_ok=True)
        self.warehouse = Part("warehouse", home, warehouse_port, self.environ, "/ping")
        self.collectors: list[Part] = []
        self.collector = self.add_collector()
        self.spool = home / "spool"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for part in (*self.collectors, self.warehouse):
            part.stop()

    def start(self) -> Self:
        self.warehouse.start()
        self.collector.start()
        return self

    def add_collector(self, **environ: str) -> Part:
        """Another collector over the same home, not started."""
        port = free_port()
        own = {**self.environ, "EVENTLENS_COLLECTOR_PORT": str(port), **environ}
        self.collectors.append(Part("collector", self.home, port, own, "/ready"))
        return self.collectors[-1]

    def sender(self, name: str) -> Sender:
        """A project of its own, and a client of it with a secret."""
        registry = open_registry(read_settings(self.environ))
        project_id = create_project(registry, name).project_id
        client, secret = create_client(registry, project_id, "write")
        registry.close()
        return Sender(
            project_id,
            {
                "openpanel-client-id": client.client_id,
                "openpanel-client-secret": secret,
                "content-type": "application/json",
                "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0",
            },
        )

    def connection(self) -> Warehouse:
        return connect(read_settings(self.environ), "admin")

    def health(self, collector: Part | None = None) -> dict[str, Any]:
        """What `/health` says of the spool. Raises `OSError`, `HTTPException`."""
        connection = HTTPConnection("127.0.0.1", (collector or self.collector).port, timeout=10)
        try:
            connection.request("GET", "/health")
            spool: dict[str, Any] = json.loads(connection.getresponse().read())["spool"]
        finally:
            connection.close()
        return spool

    def drain(self, collector: Part | None = None, within_seconds: float = DRAIN_WITHIN_SECONDS) -> None:
        """Blocks until `pendingEvents` is 0."""
        part = collector or self.collector
        deadline = time.monotonic() + within_seconds
        while True:
            try:
                if self.health(part)["pendingEvents"] == 0:
                    return
            except (OSError, HTTPException):
                pass
            assert time.monotonic() < deadline, f"not drained: {self.health(part)}\n{part.last_lines()}"
            time.sleep(0.02)
