"""One collector process: its registry, spool and writer, started together and stopped gracefully."""

import asyncio
import os

from collector.auth.authorize import Authoriser
from collector.auth.client_cache import ClientCache
from collector.auth.quota_sharing import QuotaSharing
from collector.auth.quotas import ProjectQuotas
from collector.auth.rate_limit import RateLimit
from collector.auth.rate_limit_store import SharedCounts
from collector.enrichment.geo import open_geo
from collector.enrichment.row_builder import Enricher
from collector.http.endpoints import Collect
from collector.ingest import Ingest
from collector.loading.router import Router
from collector.loading.writer import Writer
from collector.spool.directory import SpoolDirectory, open_directory
from collector.spool.spool import Spool
from event_lens.errors import EventLensError, Unavailable
from event_lens.logs import get_log
from event_lens.registry.database import Registry, open_registry
from event_lens.settings import Settings
from event_lens.shards import all_shards
from event_lens.tracing import tracing
from event_lens.warehouse.access import connect

log = get_log("collector")

ADOPT_EVERY_SECONDS = 2.0
SYNC_WITHIN_SECONDS = 10.0
DRAIN_WITHIN_SECONDS = 10.0


class Worker:
    """Serves requests in one process. `start` and `stop` run in its event loop.

    `stop` seals acknowledged rows and lands them if the warehouse accepts them within seconds; the others stay on disk
    for the next start.
    """

    collect: Collect

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._registry: Registry | None = None
        self._folder: SpoolDirectory | None = None
        self._spool: Spool | None = None
        self._writer: Writer | None = None
        self._warehouses = {shard: connect(settings, "collector", shard=shard) for shard in all_shards(settings)}
        self._client_cache: ClientCache | None = None
        self._shared_counts: SharedCounts | None = None
        self._quota_sharing: QuotaSharing | None = None
        self._leaving = asyncio.Event()
        self._adopting: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Open everything and adopt the segments of dead workers. Raises `EventLensError`."""
        settings = self._settings
        tracing.set_up(settings, "collector")
        self._registry = await asyncio.to_thread(open_registry, settings)
        self._folder = await asyncio.to_thread(open_directory, settings.home / "spool")
        is_sharded = len(self._warehouses) > 1
        self._writer = Writer(
            self._folder, Router(self._registry, self._warehouses) if is_sharded else self._warehouses[1]
        )
        self._spool = Spool(
            self._folder,
            seal_after_rows=settings.batch_events,
            seal_after_seconds=settings.batch_seconds,
            max_bytes=max(1, settings.spool_max_bytes // settings.collector_workers),
            on_sealed=self._writer.append,
        )
        self._client_cache = ClientCache(self._registry)
        quotas = ProjectQuotas()
        self._quota_sharing = QuotaSharing(quotas, self._registry)
        await self._quota_sharing.start()
        ingest = Ingest(Enricher(open_geo(settings)), self._spool, quotas)
        if settings.rate_limit_store != "memory":
            self._shared_counts = SharedCounts(settings.rate_limit_store, self._client_cache.salts)
        own_share = -(-settings.rate_limit // settings.collector_workers)
        limit = RateLimit(settings.rate_limit, own_share=own_share, shared=self._shared_counts)
        self.collect = Collect(Authoriser(settings, self._client_cache, limit, quotas), ingest)
        self._writer.start()
        self._adopting = asyncio.create_task(self._adopt(self._folder, self._writer))
        log.info("collector_started", folder=self._folder.path.name, bytes=self._folder.byte_count)

    async def stop(self) -> None:
        if self._spool is None or self._writer is None or self._folder is None or self._registry is None:
            return
        self._leaving.set()
        if self._adopting is not None:
            await self._adopting
        self._spool.close()
        is_synced = await self._spool.join(SYNC_WITHIN_SECONDS)
        self._writer.close(drain=True)
        is_landed = await asyncio.to_thread(self._writer.join, DRAIN_WITHIN_SECONDS)
        if is_synced and is_landed:
            self._folder.close()
            for warehouse in self._warehouses.values():
                warehouse.close()
        if self._quota_sharing is not None:
            await self._quota_sharing.stop()
        self._registry.close()
        if self._shared_counts is not None:
            await self._shared_counts.close()
        await asyncio.to_thread(tracing.flush)
        log.info("collector_stopped", synced=is_synced, bytes_left=self._folder.byte_count)

    async def _adopt(self, folder: SpoolDirectory, writer: Writer) -> None:
        """Land the segments of workers that die while this one lives."""
        while not self._leaving.is_set():
            try:
                async with asyncio.timeout(ADOPT_EVERY_SECONDS):
                    await self._leaving.wait()
            except TimeoutError:
                try:
                    adopted = await asyncio.to_thread(folder.adopt)
                except OSError as error:
                    log.error("adoption_failed", errno=error.errno)
                    continue
                for name in adopted:
                    writer.append(name)

    async def not_ready(self) -> EventLensError | None:
        """Return why this worker cannot take events. Return None when it can, because the registry answers and the
        spool is writable.
        """
        if self._client_cache is None or self._spool is None or self._folder is None:
            return Unavailable("The collector is starting.", code="collector_starting")
        if not os.access(self._folder.path, os.W_OK | os.X_OK):
            return Unavailable("The spool's folder may not be written; check its owner.", code="spool_unwritable")
        try:
            await self._client_cache.find("ready")
            await self._client_cache.salts("daily")  # old salts are deleted in time even if nothing is sent
            await self._spool.append(())
        except EventLensError as error:
            return error
        return None
