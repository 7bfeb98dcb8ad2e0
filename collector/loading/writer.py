"""The writer: a thread that lands sealed segments. Segments that cannot land now are retried later, and do not delay
the others.
"""

import random
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from heapq import heappop, heappush
from threading import Event, Thread
from typing import NamedTuple

from collector.loading.loader import land_segment
from collector.loading.router import Router
from collector.loading.verification import Landing
from collector.spool.directory import SpoolDirectory
from collector.spool.segment import SegmentName
from event_lens.clock import Clock, now_ms
from event_lens.errors import EventLensError, Unavailable
from event_lens.logs import get_log
from event_lens.metrics import metrics
from event_lens.tracing import tracing

log = get_log("writer")

FIRST_WAIT_SECONDS = 0.2
MAX_WAIT_SECONDS = 15.0
UNREACHABLE = "warehouse_unreachable"
LANDED_AT_ONCE = 3


def backoff_seconds(attempt: int, chance: float) -> float:
    """Return how many seconds to wait after failure number `attempt` (from 0); `chance`, 0 to 1, spreads workers
    apart.
    """
    longest = min(MAX_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2.0 ** min(attempt, 16))
    return longest * (0.5 + chance / 2)


class Trial(NamedTuple):
    """A segment, and the time of its next try (monotonic seconds)."""

    due: float
    name: SegmentName
    attempt: int
    """The number of failed tries."""


class Writer:
    """Lands the segments of one folder: those in it at the start, then those appended. Once a segment has landed, three
    segments of a backlog land at a time: while the warehouse stores the rows of some, the next one is read and checked.

    A segment that fails waits longer each time, while the others are landed one at a time. After failures in a row the
    writer itself waits, so that it does not overload a warehouse that is recovering. The newest and the oldest waiting
    segments land by turns, so that one project's new events do not wait for another project's old ones. The order does
    not affect the models, which use the times in the rows.

    `append` and `close` never block: the segment at hand is finished if the warehouse takes it, the rest stays on disk.
    With `drain` every segment is tried once more, until the warehouse is unreachable. `join` waits.
    """

    def __init__(
        self,
        folder: SpoolDirectory,
        warehouse: Landing | Router,
        *,
        clock: Clock = now_ms,
        monotonic: Callable[[], float] = time.monotonic,
        wait: Callable[[float | None], object] | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._folder = folder
        self._warehouse = warehouse
        self._clock = clock
        self._monotonic = monotonic
        self._bell = Event()
        self._wait = wait or self._bell.wait
        self._chance = chance
        self._is_stopping = False
        self._is_draining = False
        self._arrived = deque(folder.sealed())
        self._untried: deque[Trial] = deque()
        self._failed: list[Trial] = []
        self._is_newest_next = False
        self._failures_in_row = 0
        self._not_before = 0.0
        self._is_well = False
        self._under_way: dict[Future[Exception | None], Trial] = {}
        self._thread = Thread(target=self._run, name="writer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def append(self, name: SegmentName) -> None:
        """Note that a segment is sealed and may land; never blocks."""
        self._arrived.append(name)
        self._bell.set()

    def close(self, *, drain: bool = False) -> None:
        self._is_draining = drain
        self._is_stopping = True
        self._bell.set()

    def join(self, timeout_seconds: float) -> bool:
        """Wait and return whether the thread has ended in time."""
        self._thread.join(timeout_seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        with ThreadPoolExecutor(LANDED_AT_ONCE, thread_name_prefix="landing") as threads:
            while (trial := self._next()) is not None:
                self._under_way[threads.submit(self._land, trial)] = trial
                self._finish(LANDED_AT_ONCE - 1 if self._is_well and self._has_due() else 0)
            self._finish(0)

    def _finish(self, left: int) -> None:
        """Wait until at most `left` landings are under way, and schedule the next try of those that failed."""
        while len(self._under_way) > left:
            done, _ = wait(self._under_way, return_when=FIRST_COMPLETED)
            for landing in done:
                trial, error = self._under_way.pop(landing), landing.result()
                self._is_well = error is None
                if error is None:
                    self._failures_in_row = 0
                    self._not_before = 0.0
                else:
                    self._put_off(trial, error)

    def _has_due(self) -> bool:
        return bool(self._arrived or self._untried or (self._failed and self._failed[0].due <= self._monotonic()))

    def _next(self) -> Trial | None:
        """Wait for a trial that is due and return it; return None when the writer is to end."""
        while True:
            self._bell.clear()
            while self._arrived:
                self._untried.append(Trial(self._monotonic(), self._arrived.popleft(), 0))
            if self._is_stopping:
                return self._take() if self._is_draining and (self._untried or self._failed) else None
            if not self._untried and not self._failed:
                self._wait(None)
                continue
            due = min(each[0].due for each in (self._untried, self._failed) if each)
            seconds = max(due, self._not_before) - self._monotonic()
            if seconds <= 0:
                return self._take()
            self._wait(seconds)

    def _take(self) -> Trial:
        """Take, by turns, the newest segment that was never tried and the segment whose try is due first."""
        is_newest, self._is_newest_next = self._is_newest_next, not self._is_newest_next
        if self._untried and is_newest:
            return self._untried.pop()
        if self._untried and not (self._failed and self._failed[0].due < self._untried[0].due):
            return self._untried.popleft()
        return heappop(self._failed)

    def _land(self, trial: Trial) -> Exception | None:
        name = trial.name
        try:
            with tracing.batch("land", name.segment_id) as span:
                span.note("table", name.table)
                span.note("attempt", trial.attempt + 1)
                land_segment(self._warehouse, self._folder, name, clock=self._clock)
        except Unavailable as error:
            log.warning("landing_put_off", batch=name.segment_id, attempt=trial.attempt + 1, code=error.code)
            return error
        except Exception as error:  # whatever it is, the segment stays, and the others go on
            told = error if trial.attempt == 0 else None
            log.error("landing_failed", batch=name.segment_id, attempt=trial.attempt + 1, exc_info=told)
            return error
        return None

    def _put_off(self, trial: Trial, error: Exception) -> None:
        metrics.count("eventlens_landing_retries_total")
        is_away = isinstance(error, EventLensError) and error.code == UNREACHABLE
        if self._is_stopping:
            self._is_draining = self._is_draining and not is_away
            return
        now = self._monotonic()
        self._not_before = now + backoff_seconds(self._failures_in_row, self._chance())
        self._failures_in_row += 1
        due = self._not_before if is_away else now + backoff_seconds(trial.attempt, self._chance())
        heappush(self._failed, Trial(due, trial.name, trial.attempt + 1))
