"""Adds this worker's use of quotas to the totals that all workers share in the registry."""

import asyncio
import contextlib

from collector.auth.quotas import ProjectQuotas
from event_lens.clock import Clock, now_ms
from event_lens.errors import EventLensError
from event_lens.logs import get_log
from event_lens.registry.database import Registry
from event_lens.registry.quota_use import add_use, read_use

log = get_log("quotas")

EVERY_SECONDS = 2.0


class QuotaSharing:
    """A task of the worker's loop from `start` to `stop`. While the registry is unreachable the worker counts alone."""

    def __init__(self, quotas: ProjectQuotas, registry: Registry, clock: Clock = now_ms) -> None:
        self._quotas = quotas
        self._registry = registry
        self._clock = clock
        self._is_away = False
        self._is_leaving = False
        self._bell = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Read the use before the start. Raises `Unavailable`."""
        self._quotas.share({}, await asyncio.to_thread(read_use, self._registry, self._quotas.periods()))
        self._quotas.hurry = self._bell.set
        self._task = asyncio.create_task(self._go_on())

    async def stop(self) -> None:
        """Share the last counts, after waiting for an exchange under way: if that exchange were cancelled, its counts
        would be added twice.
        """
        self._is_leaving = True
        self._bell.set()
        if self._task is not None:
            await self._task
            await self.exchange()

    async def exchange(self) -> None:
        """Add this worker's new counts, if any, and take over the totals."""
        added = self._quotas.unshared()
        if not added:
            return
        try:
            totals = await asyncio.to_thread(add_use, self._registry, added, self._clock() // 1000)
        except EventLensError as error:
            if not self._is_away:
                log.warning("quotas_not_shared", code=error.code)
            self._is_away = True
        else:
            self._is_away = False
            self._quotas.share(added, totals)

    async def _go_on(self) -> None:
        while not self._is_leaving:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(EVERY_SECONDS):
                    await self._bell.wait()
            self._bell.clear()
            await self.exchange()
