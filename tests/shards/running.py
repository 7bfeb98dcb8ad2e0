"""Two embedded warehouses as two shards, with the collector and the query API over both."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from event_lens.processes import running
from event_lens.registry.clients import create_client
from event_lens.registry.database import Registry, open_registry
from event_lens.registry.projects import create_project
from event_lens.settings import read_settings
from event_lens.warehouse.access import connect, warehouse_url
from event_lens.warehouse.client import Warehouse
from tests.conftest import EmbeddedServer
from tests.end_to_end.running import House
from tests.end_to_end.site import CHROME, DAY
from tests.ports import free_port


@dataclass(frozen=True)
class Shards(House):
    """A running Event Lens over two shards; `environ` and `settings` are those of the first one's home."""

    servers: tuple[EmbeddedServer, ...]

    def on(self, shard: int) -> Warehouse:
        return connect(self.settings, "admin", shard=shard, query_timeout_seconds=120)

    def url(self, shard: int) -> str:
        return warehouse_url(self.settings, "admin", shard)

    def guarded(self, shard: int) -> str:
        """The address at which analysts ask the shard."""
        return self.servers[shard - 1].guarded_url

    def kill(self, shard: int) -> None:
        self.servers[shard - 1].process.kill()

    def restart(self, shard: int) -> None:
        self.servers[shard - 1].restart()

    @contextmanager
    def registry(self) -> Iterator[Registry]:
        registry = open_registry(self.settings)
        try:
            yield registry
        finally:
            registry.close()


class Tenant:
    """A project with its keys, made in the registry, whose events come in over HTTP and answers go out."""

    def __init__(self, shards: Shards, registry: Registry, name: str, shard: int | None = None) -> None:
        self.shards = shards
        project = create_project(registry, name, shard)
        self.project_id, self.shard = project.project_id, project.shard
        self.writer, self.reader = (self._key(registry, kind) for kind in ("write", "read"))

    def _key(self, registry: Registry, kind: str) -> dict[str, str]:
        client, secret = create_client(registry, self.project_id, kind)
        return {"openpanel-client-id": client.client_id, "openpanel-client-secret": secret, "user-agent": CHROME}

    def send(self, events: list[dict[str, Any]]) -> None:
        answer = httpx.post(f"{self.shards.collector}/track/batch", json=events, headers=self.writer, timeout=30)
        assert answer.json()["accepted"] == len(events), answer.text

    def ask(self, question: str, **parameters: str) -> dict[str, Any]:
        period = {"startDate": DAY, "endDate": DAY}
        path = f"{self.shards.query}/insights/{self.project_id}/{question}"
        answer = httpx.get(path, params=period | parameters, headers=self.reader, timeout=30)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body


@contextmanager
def running_shards(folder: Path, **environ: str) -> Iterator[Shards]:
    """Serve two shards, the collector and the query API."""
    homes = [folder / f"shard-{number}" for number in (1, 2)]
    bare = {name: value for name, value in os.environ.items() if not name.startswith("EVENTLENS_")}
    common = {
        "EVENTLENS_SHARD_HOMES": ",".join(f"{home}:{free_port()}" for home in homes),
        "EVENTLENS_COLLECTOR_PORT": str(free_port()),
        "EVENTLENS_QUERY_PORT": str(free_port()),
        "EVENTLENS_BATCH_SECONDS": "0.2",
        "COLUMNS": "200",
        **environ,
    }
    own = {**bare, **common, "EVENTLENS_HOME": str(homes[0])}
    settings = read_settings(own)
    servers = tuple(EmbeddedServer(home, **common) for home in homes)
    with ExitStack() as stack:
        for server in servers:
            stack.callback(server.stop)
        for server in servers:
            server.wait()
        for part, port in (("collector", settings.collector_port), ("query", settings.query_port)):
            stack.enter_context(running(part, own, f"http://127.0.0.1:{port}/ready", folder / f"{part}.log"))
        yield Shards(own, settings, servers)
