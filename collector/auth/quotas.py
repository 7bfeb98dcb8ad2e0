"""Quotas of what one project sends over all its senders: events, bytes, and new names. Each worker counts its requests
at once. It adds its counts to the registry's totals every two seconds, and immediately for the first count of a period
or when a tenth of a quota is waiting. So a quota holds approximately for all workers together, and survives a restart.
The quotas of names bound the memory.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from typing import Any

from collector.auth.rate_limit import MINUTE_MS, RateLimited
from collector.enrichment.context import ProjectSettings
from event_lens.clock import Clock, now_ms
from event_lens.contract.rejection import Rejection
from event_lens.registry.quota_use import Period, Use
from event_lens.registry.quotas import quota_of

DAY_MS = 86_400_000
MAX_HASHES_KEPT = 8_192
HURRY_AT = 10


class QuotaUsedUp(RateLimited):
    """A project has used up its quota of this minute or day; the same request is accepted in the next period."""

    code = "project_quota"


@dataclass
class _Count:
    """The count of one minute or day, numbered from the epoch. `unshared` is the part that is not in the shared total
    yet.
    """

    period: Period
    shared: int = 0
    unshared: int = 0


@dataclass
class _Names:
    """Hashes of the names that were sent on a day and on the day before; names of the previous day do not count as
    new.
    """

    day: int = -1
    seen: set[int] = field(default_factory=set)
    before: frozenset[int] = frozenset()
    unshared: set[int] = field(default_factory=set)
    new: int = 0

    def turn(self, day: int) -> None:
        if day != self.day:
            self.before = frozenset(self.seen) if day == self.day + 1 else frozenset()
            self.day, self.seen, self.unshared, self.new = day, set(), set(), 0

    def take(self, names: set[int], most: int) -> bool:
        """Note all of `names` or none, and return whether at most `most` of them are new."""
        unseen = names - self.seen
        if not unseen:
            return True
        new = len(unseen - self.before)
        if new and self.new + new > most:
            return False
        self.new += new
        self.seen |= unseen
        self.unshared |= unseen
        return True

    def learn(self, names: frozenset[int]) -> None:
        """Take over other workers' names."""
        if not names <= self.seen:
            self.seen |= names
            self.new = len(self.seen - self.before)


class ProjectQuotas:
    """Counts by project, for one event loop.

    `unshared` returns the counts since the last exchange, `share` takes over the totals. `hurry` is called when counts
    should be exchanged at once.
    """

    def __init__(self, clock: Clock = now_ms) -> None:
        self.hurry: Callable[[], None] = lambda: None
        self._clock = clock
        self._counts: dict[tuple[str, str], _Count] = {}
        self._names: defaultdict[tuple[str, str], _Names] = defaultdict(_Names)

    def take(self, project: ProjectSettings, events: int, byte_count: int) -> None:
        """Count a request whole or not at all. Raises `QuotaUsedUp` (`project_quota`)."""
        now = self._clock()
        asked = (
            ("events_a_minute", events, MINUTE_MS),
            ("events_a_day", events, DAY_MS),
            ("bytes_a_day", byte_count, DAY_MS),
        )
        counts: list[tuple[_Count, int, int]] = []
        for name, amount, length_ms in asked:
            most = _quota_of(project.quotas, name)
            if not most:
                continue
            count = self._count(project.project_id, name, now, length_ms)
            if count.shared + count.unshared + amount > most:
                raise QuotaUsedUp(
                    f"This project has used up its quota of {most} {name.replace('_', ' ')}.",
                    retry_after_seconds=(length_ms - now % length_ms) // 1000 + 1,
                )
            counts.append((count, amount, most))
        for count, amount, most in counts:
            count.unshared += amount
            if count.unshared >= most / HURRY_AT:
                self.hurry()

    def check_names(self, project: ProjectSettings, event_name: str, properties: Mapping[str, Any]) -> None:
        """Note the names of an event or operation. Raises `Rejection` for new names beyond a quota."""
        if properties:
            self._note(project, "properties", _paths(properties), "too_many_properties")
        if event_name:
            self._note(project, "event_names", {_hash(0, event_name)}, "too_many_event_names")

    def periods(self) -> list[tuple[int, int]]:
        """Return the current minute, the previous day and the current day, as (number, seconds)."""
        now = self._clock()
        day = now // DAY_MS
        return [(now // MINUTE_MS, MINUTE_MS // 1000), (day - 1, DAY_MS // 1000), (day, DAY_MS // 1000)]

    def unshared(self) -> dict[Period, Use]:
        """Return this worker's counts that are not in the shared totals yet."""
        use = {count.period: Use(count.unshared) for count in self._counts.values() if count.unshared}
        for (project_id, name), names in self._names.items():
            if names.unshared:
                use[Period(project_id, name, names.day, DAY_MS // 1000)] = Use(names=frozenset(names.unshared))
        return use

    def share(self, added: Mapping[Period, Use], totals: Mapping[Period, Use]) -> None:
        """Take over the totals of all workers, which now include `added`, a part of this worker's `unshared` counts."""
        now = self._clock()
        for period, total in totals.items():
            own = added.get(period, Use())
            if period.quota in ("properties", "event_names"):
                self._learn(period, total, own, now // DAY_MS)
            elif period.number == now // (period.seconds * 1000):
                count = self._count(period.project_id, period.quota, now, period.seconds * 1000)
                count.shared = total.amount
                count.unshared -= own.amount

    def _learn(self, period: Period, total: Use, own: Use, today: int) -> None:
        names = self._names[period.project_id, period.quota]
        names.turn(max(today, names.day))
        if period.number == names.day:
            names.learn(total.names)
            names.unshared -= own.names
        elif period.number == names.day - 1:
            names.before |= total.names
            names.new = len(names.seen - names.before)

    def _count(self, project_id: str, name: str, now: int, length_ms: int) -> _Count:
        """Return the count of the period that contains `now`."""
        count = self._counts.get((project_id, name))
        if count is None or count.period.number != now // length_ms:
            period = Period(project_id, name, now // length_ms, length_ms // 1000)
            count = self._counts[project_id, name] = _Count(period)
            self.hurry()
        return count

    def _note(self, project: ProjectSettings, name: str, seen: set[int], code: str) -> None:
        most = _quota_of(project.quotas, name)
        if not most:
            return
        names = self._names[project.project_id, name]
        names.turn(self._clock() // DAY_MS)
        if not names.take(seen, most):
            raise Rejection(
                f"This project's quota of {most} new {name.replace('_', ' ')} for today is used up.",
                code=code,
            )


def _paths(properties: Mapping[str, Any]) -> set[int]:
    """Return a hash for every path in `properties`; lists are values."""
    found: set[int] = set()
    open_paths: list[tuple[int, Mapping[str, Any]]] = [(0, properties)]
    while open_paths:
        above, level = open_paths.pop()
        for key, value in level.items():
            path = _hash(above, key)
            found.add(path)
            if isinstance(value, dict):
                open_paths.append((path, value))
    return found


_quota_of = lru_cache(maxsize=1_024)(quota_of)


@lru_cache(maxsize=MAX_HASHES_KEPT)
def _hash(above: int, name: str) -> int:
    """Return a 64-bit hash of a name within its parent, equal in every process, unlike Python's own `hash`."""
    text = f"{above} {name}".encode(errors="surrogatepass")
    return int.from_bytes(blake2b(text, digest_size=8).digest())
