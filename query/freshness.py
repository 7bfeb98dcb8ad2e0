"""The freshness of the tables, read from the warehouse at most once a second."""

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from event_lens.clock import Clock
from event_lens.warehouse.built_settings import BuiltSettings, read_built_settings
from event_lens.warehouse.freshness import Freshness, read_freshness
from event_lens.warehouse.readable import Readable

KEPT_SECONDS = 1.0
RENEWED_AFTER_SECONDS = 0.5
USED_SECONDS = 10.0
"""For this long after the last question the freshness is renewed."""


class LastFreshness:
    """The freshness of all tables of `lens` together, asked at most once a second. Safe to use from several threads."""

    def __init__(self, clock: Clock, timer: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._timer = timer
        self._lock = threading.Lock()
        self._asked_at = self._used_at = float("-inf")
        self._answer: Future[Freshness] | None = None
        self._built: tuple[int | None, Mapping[str, BuiltSettings]] = (None, {})

    def read(self, warehouse: Readable) -> Freshness:
        """Return the freshness of the tables, at most a second old.

        When another thread is already asking, wait for that thread's answer or error; an error is not cached. Raises
        what `Warehouse` raises.
        """
        with self._lock:
            answer, now = self._answer, self._timer()
            self._used_at = now
            is_old = answer is None or now - self._asked_at >= KEPT_SECONDS
            if answer is None or is_old:
                self._answer = answer = Future()
                self._asked_at = now
        if is_old:
            self._ask(warehouse, answer)
        return answer.result()

    def is_due(self) -> bool:
        """Return whether `renew` should be called now: questions are being asked, and the last answer becomes old."""
        with self._lock:
            now = self._timer()
            return now - self._used_at < USED_SECONDS and now - self._asked_at >= RENEWED_AFTER_SECONDS

    def renew(self, warehouse: Readable) -> None:
        """Ask for the freshness, while `read` returns the last answer. Raises what `Warehouse` raises."""
        asked_at, answer = self._timer(), Future[Freshness]()
        answer.set_result(self._ask_all(warehouse))
        with self._lock:
            if asked_at > self._asked_at:
                self._answer, self._asked_at = answer, asked_at

    def _ask(self, warehouse: Readable, answer: Future[Freshness]) -> None:
        try:
            answer.set_result(self._ask_all(warehouse))
        except BaseException as error:
            with self._lock:
                if self._answer is answer:
                    self._answer = None
            answer.set_exception(error)

    def _ask_all(self, warehouse: Readable) -> Freshness:
        fresh = read_freshness(warehouse, self._clock())
        version, built = self._built
        if version != fresh.version:
            # Read after the version: settings of a build that ends in between are those of the next version.
            self._built = fresh.version, (built := read_built_settings(warehouse))
        return replace(fresh, built_settings=built)


def as_instant(epoch_ms: int) -> str:
    """Return epoch milliseconds as ISO 8601 in UTC, with milliseconds."""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=epoch_ms)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
