"""The writer: a thread that lands sealed segments in order, and tries again for as long as the warehouse is away."""

import random
from collections.abc import Callable
from queue import SimpleQueue
from threading import Event, Thread

from collector.folder import Folder
from collector.landing import Insert, land_segment
from collector.segment import SegmentName
from event_lens.clock import Clock, now_ms
from event_lens.errors import Unavailable
from event_lens.logs import get_log
from event_lens.metrics import metrics

log = get_log("writer")

FIRST_WAIT_SECONDS = 0.2
LONGEST_WAIT_SECONDS = 15.0


def backoff_seconds(attempt: int, chance: float) -> float:
    """How long to wait after failure number `attempt` (from 0); `chance`, 0 to 1, spreads workers apart."""
    longest = min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2.0 ** min(attempt, 16))
    return longest * (0.5 + chance / 2)


class Writer:
    """Lands the segments of one folder: those in it at the start, then those appended.

    `close` never blocks: the segment at hand is finished if the warehouse takes it, the rest stays on disk. With
    `drain` it goes on until all are landed or the warehouse fails once. `join` waits.
    """

    def __init__(
        self,
        folder: Folder,
        warehouse: Insert,
        *,
        clock: Clock = now_ms,
        wait: Callable[[float], bool] | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._folder = folder
        self._warehouse = warehouse
        self._clock = clock
        self._stopping = Event()
        self._is_draining = False
        self._wait = wait or self._stopping.wait
        self._chance = chance
        self._sealed: SimpleQueue[SegmentName | None] = SimpleQueue()
        for name in folder.sealed():
            self._sealed.put(name)
        self._thread = Thread(target=self._run, name="writer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def append(self, name: SegmentName) -> None:
        """A segment is sealed and may land. Never blocks."""
        self._sealed.put(name)

    def close(self, *, drain: bool = False) -> None:
        self._is_draining = drain
        self._stopping.set()
        self._sealed.put(None)

    def join(self, timeout_seconds: float) -> bool:
        """Whether the thread has ended in time."""
        self._thread.join(timeout_seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while (name := self._sealed.get()) is not None:
            if self._stopping.is_set() and not self._is_draining:
                return
            if not self._land(name):
                return

    def _land(self, name: SegmentName) -> bool:
        """Tries until the segment is landed, and says so; False when the writer was stopped before."""
        attempt = 0
        while True:
            try:
                land_segment(self._warehouse, self._folder, name, clock=self._clock)
                return True
            except FileNotFoundError:
                log.error("segment_gone", batch=name.segment_id)
                return True
            except Unavailable as error:
                log.warning("landing_put_off", batch=name.segment_id, attempt=attempt + 1, code=error.code)
            except Exception:  # whatever it is, the segment stays, and this thread is the only one that lands it
                log.exception("landing_failed", batch=name.segment_id, attempt=attempt + 1)
            metrics.count("eventlens_landing_retries_total")
            if self._stopping.is_set() or self._wait(backoff_seconds(attempt, self._chance())):
                return False
            attempt += 1
