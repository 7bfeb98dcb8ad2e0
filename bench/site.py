"""A home to measure in: a project with a client, free ports, and the events a shop would send."""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from subprocess import Popen

import msgspec

from event_lens.processes import free_ports, running
from event_lens.registry.clients import create_client
from event_lens.registry.database import open_registry
from event_lens.registry.projects import create_project
from event_lens.settings import read_settings

BATCH = 100
AGENT = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"
)
HEADERS = {"User-Agent": AGENT, "Content-Type": "application/json", "x-client-ip": "203.0.113.9"}


class Site:
    """One project and its write client in a new home under `folder`; nothing runs yet."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self.port, self.warehouse_port, native_port, self.query_port = free_ports(4)
        ours = {
            "EVENTLENS_HOME": str(self.home),
            "EVENTLENS_COLLECTOR_PORT": str(self.port),
            "EVENTLENS_WAREHOUSE_PORT": str(self.warehouse_port),
            "EVENTLENS_WAREHOUSE_NATIVE_PORT": str(native_port),
            "EVENTLENS_QUERY_PORT": str(self.query_port),
        }
        self.settings = read_settings(ours)
        registry = open_registry(self.settings)
        self.project_id = create_project(registry, "bench").project_id
        client, secret = create_client(registry, self.project_id, "write")
        registry.close()
        self.environ = {name: value for name, value in os.environ.items() if not name.startswith("EVENTLENS_")} | ours
        self.headers = HEADERS | {
            "openpanel-client-id": client.client_id,
            "openpanel-client-secret": secret,
        }

    def collector(self) -> AbstractContextManager[Popen[bytes]]:
        """Run a collector that answers inside the block."""
        return self._part("collector", f"http://127.0.0.1:{self.port}/ready")

    def warehouse(self) -> AbstractContextManager[Popen[bytes]]:
        """Run an embedded warehouse that answers inside the block."""
        return self._part("warehouse", f"http://127.0.0.1:{self.warehouse_port}/ping")

    def query(self) -> AbstractContextManager[Popen[bytes]]:
        """Run a query service that answers inside the block."""
        return self._part("query", f"http://127.0.0.1:{self.query_port}/ready")

    @contextmanager
    def _part(self, part: str, ready_url: str) -> Iterator[Popen[bytes]]:
        with running(part, self.environ, ready_url, self.home.parent / f"{part}.log") as process:
            yield process


def event(number: int) -> dict[str, object]:
    """Return a screen view by the shop's visitor with this number."""
    return {
        "type": "track",
        "payload": {
            "name": "screen_view",
            "deviceId": f"device-{number}",
            "properties": {
                "__path": f"https://shop.example.com/products/{number}?utm_source=news&utm_medium=email",
                "__referrer": "https://www.google.com/",
                "__title": "A product",
                "price": 12.5,
                "in_stock": True,
            },
        },
    }


def single() -> bytes:
    return msgspec.json.encode(event(0))


def batch() -> bytes:
    return msgspec.json.encode([event(number) for number in range(BATCH)])


def memory_mib(pid: int) -> float:
    """Return the resident memory of a process, in MiB."""
    return _status_mib(pid, "VmRSS")


def peak_mib(pid: int) -> float:
    """Return the peak memory of a process since `reset_peak`, in MiB."""
    return _status_mib(pid, "VmHWM")


def reset_peak(pid: int) -> None:
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def _status_mib(pid: int, name: str) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) / 1024
    return 0.0
