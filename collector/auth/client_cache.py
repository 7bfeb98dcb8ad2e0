"""Clients and their projects as the collector needs them, cached for seconds so that requests need not wait for the
registry.
"""

import asyncio
import re
from dataclasses import dataclass
from datetime import date

from collector.enrichment.context import ProjectSettings, project_settings
from event_lens.clock import Clock, elapsed_ms, now_ms, to_datetime
from event_lens.registry.clients import find_client
from event_lens.registry.database import Registry
from event_lens.registry.projects import find_project
from event_lens.registry.salts import salts_on
from event_lens.registry.tables import Client

KEPT_MS = 3_000
MAX_KEPT = 10_000
CLIENT_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True)
class KnownClient:
    """A client that exists and is not revoked, with the settings of its project that the collector follows; the entry
    is valid until `until_ms`.
    """

    client: Client
    project: ProjectSettings
    until_ms: int


class ClientCache:
    """Looks clients and salts up in threads. Clients that exist are kept for three seconds; unknown ones are looked up
    each time. `clock` gives the day of the salts; `elapsed`, which is monotonic, measures how long an entry is kept.
    """

    def __init__(self, registry: Registry, clock: Clock = now_ms, elapsed: Clock = elapsed_ms) -> None:
        self._registry = registry
        self._clock = clock
        self._elapsed = elapsed
        self._keys: dict[str, KnownClient] = {}
        self._looks: dict[str, asyncio.Future[KnownClient | None]] = {}
        self._salts: dict[str, dict[date, str]] = {}
        self._salts_day: date | None = None

    def knows(self, client_id: str) -> bool:
        """Return whether the client was found before, so that looking it up again is worth the cost."""
        return client_id in self._keys

    async def find(self, client_id: str) -> KnownClient | None:
        """Return the client, None when it does not exist. Raises `Unavailable` when the registry does not answer."""
        if not CLIENT_ID.fullmatch(client_id):
            return None
        now = self._elapsed()
        key = self._keys.get(client_id)
        if key is not None and now < key.until_ms:
            return key
        if key is None:
            return await self._find_anew(client_id)
        # Concurrent requests of a known client share one look-up; an unknown client may have been created a moment ago.
        look = self._looks.get(client_id)
        if look is None:
            look = self._looks[client_id] = asyncio.ensure_future(self._find_anew(client_id))
            look.add_done_callback(lambda _: self._looks.pop(client_id))
        return await asyncio.shield(look)

    async def _find_anew(self, client_id: str) -> KnownClient | None:
        now = self._elapsed()
        found = await asyncio.to_thread(self._look_up, client_id)
        if found is None:
            self._keys.pop(client_id, None)
            return None
        if len(self._keys) >= MAX_KEPT:
            self._keys.clear()
        key = self._keys[client_id] = KnownClient(*found, now + KEPT_MS)
        return key

    async def salts(self, period: str) -> dict[date, str]:
        """Return the salt of this day or month (`period` daily, monthly) and the salt of the period before, each by the
        first day of its period. The first call in a period creates its salt.

        Raises `Unavailable` when the registry does not answer.
        """
        today = to_datetime(self._clock()).date()
        if today != self._salts_day:
            self._salts, self._salts_day = {}, today
        salts = self._salts.get(period)
        if salts is None:
            salts = self._salts[period] = await asyncio.to_thread(salts_on, self._registry, period, today)
        return salts

    def _look_up(self, client_id: str) -> tuple[Client, ProjectSettings] | None:
        client = find_client(self._registry, client_id)
        if client is None:
            return None
        return client, project_settings(find_project(self._registry, client.project_id))
