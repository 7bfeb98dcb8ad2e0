"""The spool: rows are on disk before they are acknowledged, and all waiting requests share one sync."""

import asyncio
import errno
import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context
from typing import NamedTuple

from collector.spool.directory import SpoolDirectory, sync_directory
from collector.spool.segment import SegmentName, frame, new_segment_id
from event_lens.clock import Clock, now_ms
from event_lens.contract.encoded_row import Line
from event_lens.errors import Unavailable
from event_lens.logs import get_log
from event_lens.metrics import metrics

log = get_log("spool")

MAX_SEGMENT_BYTES = 16 << 20
MAX_WAITING_BYTES = 64 << 20
"""The limit of rows waiting in memory for one sync; beyond it the spool refuses."""

SEAL_AGAIN_SECONDS = 1.0

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}

Encoded = dict[str, list[bytes]]


class Waiting(NamedTuple):
    """Encoded rows by table, and the future that gets the ids of their segments once they are on disk."""

    rows: Encoded
    byte_count: int
    done: asyncio.Future[list[str]]


class OpenSegment:
    """The segment to which a table's rows are appended now; `size` (bytes) and `row_count` count the synced rows
    only.
    """

    def __init__(self, folder: SpoolDirectory, table: str, clock: Clock) -> None:
        self.name = SegmentName(new_segment_id(clock), table)
        self.path = folder.path / self.name.file_name
        self.file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self.is_due = False
        self.size = 0
        self.row_count = 0
        self.unsynced = 0
        self.unsynced_rows = 0

    def frame(self, rows: list[bytes]) -> bytes:
        """Return the lines of the rows that are appended next."""
        self.unsynced_rows = len(rows)
        return frame(rows, self.name.segment_id, self.row_count)

    def write(self, framed: bytes) -> None:
        """Append lines without syncing; blocks. After an `OSError` the caller must call `take_back`."""
        left = memoryview(framed)
        while left:
            written = os.write(self.file, left)
            self.unsynced += written
            left = left[written:]

    def keep(self) -> None:
        """Count the written rows as synced."""
        self.size += self.unsynced
        self.row_count += self.unsynced_rows
        self.unsynced = self.unsynced_rows = 0

    def close(self) -> None:
        if self.file >= 0:
            file, self.file = self.file, -1
            os.close(file)

    def take_back(self) -> None:
        """Cut off the bytes that were written and not synced."""
        self.unsynced = self.unsynced_rows = 0
        os.ftruncate(self.file, self.size)
        os.fdatasync(self.file)


class Spool:
    """Appends rows to the segments of one folder. For one event loop; only its syncs run in threads.

    `seal_after_rows` and `seal_after_seconds` say when a segment is given to `on_sealed`. `max_bytes` is the most that
    the folder may hold. `append` raises an error when the spool is full, `flush` seals the open segments, `close` never
    blocks and makes later appends fail, `join` waits until everything is on disk and sealed.
    """

    def __init__(
        self,
        folder: SpoolDirectory,
        *,
        seal_after_rows: int,
        seal_after_seconds: float,
        max_bytes: int,
        on_sealed: Callable[[SegmentName], None],
        clock: Clock = now_ms,
        sync: Callable[[int], None] = os.fdatasync,
    ) -> None:
        self._folder = folder
        self._seal_after_rows = seal_after_rows
        self._seal_after_seconds = seal_after_seconds
        self._max_bytes = max_bytes
        self._on_sealed = on_sealed
        self._clock = clock
        self._sync = sync
        self._open: dict[str, OpenSegment] = {}
        self._leaving: list[OpenSegment] = []
        self._waiting: list[Waiting] = []
        self._waiting_bytes = 0
        self._task: asyncio.Task[None] | None = None
        self._is_closing = False
        self._loop = asyncio.get_running_loop()
        # Of its own, so that no other blocking work keeps a sync waiting.
        self._disk = ThreadPoolExecutor(1, thread_name_prefix="spool")

    @property
    def is_full(self) -> bool:
        return self._folder.byte_count + self._waiting_bytes >= self._max_bytes

    def append(self, lines: Iterable[Line]) -> asyncio.Future[list[str]]:
        """Queue rows and return a future, which is done once the rows are on disk; its result is the ids of their
        segments.

        If writing fails, the future raises `Unavailable` and no row was kept.

        Raises `Unavailable` at once when the spool is full (`spool_full`) or closing.
        """
        if self._is_closing:
            raise Unavailable("The collector is stopping; send it again in a moment.", code="collector_stopping")
        if self.is_full or self._waiting_bytes >= MAX_WAITING_BYTES:
            raise Unavailable(
                "The spool is full: the warehouse takes less than comes in. Send it again later.",
                code="spool_full",
                retry_after_seconds=5,
            )
        encoded: Encoded = {}
        byte_count = 0
        for line in lines:
            byte_count += len(line.json)
            encoded.setdefault(line.table, []).append(line.json)
        done = self._loop.create_future()
        self._waiting.append(Waiting(encoded, byte_count, done))
        self._waiting_bytes += byte_count
        self._wake()
        return done

    async def flush(self) -> None:
        """Seal the open segments, once everything appended so far is on disk."""
        for segment in self._open.values():
            segment.is_due = True
        self._wake()
        while self._task is not None:
            await asyncio.shield(self._task)

    def close(self) -> None:
        """Refuse new rows from now on; rows already appended are still synced and sealed."""
        self._is_closing = True
        self._wake()

    async def join(self, timeout_seconds: float) -> bool:
        """After `close`, seal the remaining segments and return whether all were sealed in time; the others stay on
        disk for the next start.
        """
        try:
            async with asyncio.timeout(timeout_seconds):
                await self.flush()
        except TimeoutError:
            return False
        self._disk.shutdown(wait=False)
        return not self._open and not self._leaving

    def _wake(self) -> None:
        if self._task is None:
            # In a context of its own: its log lines belong to no single request.
            self._task = self._loop.create_task(self._work(), context=Context())

    async def _work(self) -> None:
        try:
            await asyncio.sleep(0)  # every request that is ready in this turn of the loop joins the group
            while self._waiting:
                group, self._waiting = self._waiting, []
                self._waiting_bytes = 0
                await self._commit(group)
                await self._seal_due()
            await self._seal_due()
        finally:
            self._task = None
            # Also segments that became due during the last seal.
            if self._waiting or any(segment.is_due for segment in self._open.values()):
                self._wake()

    async def _commit(self, group: list[Waiting]) -> None:
        together: Encoded = {}
        for waiting in group:
            for table, rows in waiting.rows.items():
                together.setdefault(table, []).extend(rows)
        touched: dict[OpenSegment, bytes] = {}
        try:
            is_new = False
            for table, rows in together.items():
                if table not in self._open:
                    self._start(table)
                    is_new = True
                segment = self._open[table]
                touched[segment] = segment.frame(rows)
            await self._loop.run_in_executor(self._disk, self._write_all, touched, is_new)
        except Exception as error:  # whatever the error, the waiting requests get an answer
            await self._loop.run_in_executor(self._disk, self._give_up, touched)
            self._refuse(group, error)
            return
        for segment in touched:
            self._folder.grew(segment.unsynced)
            metrics.count("eventlens_spool_rows_total", segment.unsynced_rows)
            segment.keep()
        metrics.count("eventlens_spool_syncs_total")
        segment_ids = [segment.name.segment_id for segment in touched]
        for waiting in group:
            if not waiting.done.done():
                waiting.done.set_result(segment_ids)

    def _start(self, table: str) -> None:
        segment = self._open[table] = OpenSegment(self._folder, table, self._clock)
        self._loop.call_later(self._seal_after_seconds, self._seal_soon, segment)

    def _seal_soon(self, segment: OpenSegment) -> None:
        segment.is_due = True
        self._wake()

    def _write_all(self, framed: dict[OpenSegment, bytes], is_new: bool) -> None:
        """Write and sync lines in a thread: for megabytes, writing would block the loop as long as syncing does."""
        for segment, lines in framed.items():
            segment.write(lines)
            self._sync(segment.file)
        if is_new:
            sync_directory(self._folder.path)

    def _give_up(self, touched: Iterable[OpenSegment]) -> None:
        """Truncate the segments of a failed write. After a failed sync the file is not written to again; its complete
        lines land.
        """
        for segment in touched:
            try:
                segment.take_back()
            except OSError as error:
                log.error("segment_not_cut", segment=segment.name.segment_id, errno=error.errno)
            segment.is_due = True

    def _refuse(self, group: list[Waiting], error: Exception) -> None:
        metrics.count("eventlens_spool_failures_total")
        number = error.errno if isinstance(error, OSError) else None
        log.error("spool_failed", errno=number, requests=len(group), exc_info=error if number is None else None)
        is_full = number in _FULL
        reason = os.strerror(number) if number else type(error).__name__
        for waiting in group:
            if not waiting.done.done():
                waiting.done.set_exception(
                    Unavailable(
                        f"The spool cannot be written ({reason}); nothing was kept. Send it again later.",
                        code="spool_full" if is_full else "spool_unwritable",
                        retry_after_seconds=5,
                    )
                )

    async def _seal_due(self) -> None:
        for table, segment in list(self._open.items()):
            is_full = segment.row_count >= self._seal_after_rows or segment.size >= MAX_SEGMENT_BYTES
            if is_full or segment.is_due or self._is_closing:
                self._leaving.append(self._open.pop(table))
        leaving, self._leaving = self._leaving, []
        for segment in leaving:
            try:
                sealed = await self._loop.run_in_executor(self._disk, self._seal, segment)
            except OSError as error:
                log.error("segment_not_sealed", segment=segment.name.segment_id, errno=error.errno)
                self._leaving.append(segment)
                self._loop.call_later(SEAL_AGAIN_SECONDS, self._wake)
            else:
                if sealed is not None:
                    self._on_sealed(sealed)

    def _seal(self, segment: OpenSegment) -> SegmentName | None:
        """Close and rename a segment, and return its name. An empty segment is removed, and None is returned. After
        `OSError` it may be tried again.

        The new name need not be synced: a crash that undoes it leaves an open segment, which is adopted like a sealed
        one.
        """
        segment.close()
        if not segment.row_count:
            segment.path.unlink()
            return None
        name = segment.name.sealed(segment.row_count)
        segment.path.rename(self._folder.path / name.file_name)
        return name
