"""How fresh are the tables? Which landed batches they hold, and since when."""

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from event_lens.clock import Clock
from event_lens.warehouse.client import Warehouse
from event_lens.warehouse.set_aside import SetAside, read_set_aside

KEPT_SECONDS = 1.0

WAITING = """
SELECT count() AS waiting, toUnixTimestamp64Milli(min(landed_at)) AS oldest_waiting
FROM lens_raw.batches
WHERE batch_id NOT IN (SELECT batch_id FROM lens_staging.built_batches)
"""
BUILDS = "SELECT count() FROM lens_staging.builds"


@dataclass(frozen=True)
class Freshness:
    """`complete_through`: the instant (ms) up to which all that landed is in the tables; None before the first build.

    `version` changes when a build has finished; None before the first. `set_aside` are the projects that builds leave
    out, whose tables are complete through an earlier instant.
    """

    complete_through: int | None
    version: int | None
    set_aside: Mapping[str, SetAside] = field(default_factory=dict)

    def complete_through_of(self, project_id: str) -> int | None:
        """The instant up to which all that landed of a project is in the tables."""
        aside = self.set_aside.get(project_id)
        if aside is None or self.complete_through is None:
            return self.complete_through
        return min(self.complete_through, aside.complete_through_ms)


class LastFreshness:
    """The freshness of all tables of `lens` together, asked at most once a second. Safe to use from several threads."""

    def __init__(self, clock: Clock, timer: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._timer = timer
        self._lock = threading.Lock()
        self._asked_at = 0.0
        self._answer: Future[Freshness] | None = None

    def read(self, warehouse: Warehouse) -> Freshness:
        """The freshness as it was when it was asked last, or as it is now when that is a second ago.

        Threads that come while one asks wait for its answer, and fail as it fails: a failure is not kept. Raises what
        `Warehouse` raises.
        """
        with self._lock:
            answer, now = self._answer, self._timer()
            is_old = answer is None or now - self._asked_at >= KEPT_SECONDS
            if answer is None or is_old:
                self._answer = answer = Future()
                self._asked_at = now
        if is_old:
            self._ask(warehouse, answer)
        return answer.result()

    def _ask(self, warehouse: Warehouse, answer: Future[Freshness]) -> None:
        try:
            answer.set_result(read_freshness(warehouse, self._clock()))
        except BaseException as error:
            with self._lock:
                if self._answer is answer:
                    self._answer = None
            answer.set_exception(error)


def read_freshness(warehouse: Warehouse, now_ms: int) -> Freshness:
    """The freshness at `now_ms`, which must be an instant before the call. Raises what `Warehouse` raises."""
    (row,) = warehouse.rows(WAITING)
    # Asked after what waits, and a build notes its end before it marks its batches: so rows that were kept under this
    # version come from the tables that hold what does not wait.
    aside = read_set_aside(warehouse)
    version = warehouse.value(BUILDS)
    if not version:
        return Freshness(None, None)
    return Freshness(row["oldest_waiting"] - 1 if row["waiting"] else now_ms, version, aside)


def as_instant(epoch_ms: int) -> str:
    """ISO 8601 in UTC with milliseconds."""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=epoch_ms)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
