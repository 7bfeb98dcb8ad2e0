"""Clients and their projects as the collector needs them, kept for seconds so that requests need not wait."""

import asyncio
import re
from dataclasses import dataclass
from datetime import date

from collector.request import ProjectRules
from event_lens.clock import Clock, now_ms, to_datetime
from event_lens.registry.clients import find_client
from event_lens.registry.connection import Registry
from event_lens.registry.projects import find_project
from event_lens.registry.salts import salts_on
from event_lens.registry.tables import Client

KEPT_MS = 3_000
MOST_KEPT = 10_000
CLIENT_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True)
class Key:
    """A client that exists and is not revoked, with what its project asks of the collector."""

    client: Client
    project: ProjectRules
    until_ms: int


class Keyring:
    """Looks clients and salts up in threads. What exists is kept for three seconds, what does not is asked for anew."""

    def __init__(self, registry: Registry, clock: Clock = now_ms) -> None:
        self._registry = registry
        self._clock = clock
        self._keys: dict[str, Key] = {}
        self._salts: dict[date, str] = {}
        self._salts_day: date | None = None

    async def find(self, client_id: str) -> Key | None:
        """The client's key, None when there is none. Raises `Unavailable` when the registry does not answer."""
        if not CLIENT_ID.fullmatch(client_id):
            return None
        now = self._clock()
        key = self._keys.get(client_id)
        if key is not None and now < key.until_ms:
            return key
        self._keys.pop(client_id, None)
        found = await asyncio.to_thread(self._look_up, client_id)
        if found is None:
            return None
        if len(self._keys) >= MOST_KEPT:
            self._keys.clear()
        key = self._keys[client_id] = Key(*found, now + KEPT_MS)
        return key

    async def salts(self) -> dict[date, str]:
        """The salts of today and yesterday; a new day's is made by whoever asks first."""
        today = to_datetime(self._clock()).date()
        if today != self._salts_day:
            self._salts = await asyncio.to_thread(salts_on, self._registry, today)
            self._salts_day = today
        return self._salts

    def _look_up(self, client_id: str) -> tuple[Client, ProjectRules] | None:
        client = find_client(self._registry, client_id)
        if client is None:
            return None
        project = find_project(self._registry, client.project_id)
        return client, ProjectRules(
            project_id=project.project_id,
            device_salt=project.device_salt,
            allow_unsafe_revenue=project.allow_unsafe_revenue,
        )
