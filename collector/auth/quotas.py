"""How much one project may send, whoever sends it: events, bytes, and names that were not seen before.

Each worker counts for itself and lets its share pass. Memory is bounded by the quotas of names.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from collector.auth.rate_limit import MINUTE_MS, RateLimited
from collector.enrichment.context import ProjectSettings
from event_lens.clock import Clock, now_ms
from event_lens.contract.rejection import Rejection
from event_lens.registry.quotas import quota_of

DAY_MS = 86_400_000


class QuotaUsedUp(RateLimited):
    """A project has sent what it may in this minute or on this day; the same request is taken afterwards."""

    code = "project_quota"


@dataclass
class _Count:
    """What came in one period: a minute or a day since the epoch."""

    period: int = -1
    amount: int = 0


@dataclass
class _Names:
    """Names that came on a day, as hashes, and on the day before: those are not new on the next."""

    day: int = -1
    seen: set[int] = field(default_factory=set)
    before: set[int] = field(default_factory=set)
    new: int = 0

    def turn(self, day: int) -> None:
        if day != self.day:
            self.before = self.seen if day == self.day + 1 else set()
            self.day, self.seen, self.new = day, set(), 0

    def take(self, names: set[int], most: int) -> bool:
        """Notes `names`, all or none; says whether those among them that are new fit."""
        unseen = names - self.seen
        new = len(unseen - self.before)
        if self.new + new > most:
            return False
        self.new += new
        self.seen |= unseen
        return True


class ProjectQuotas:
    """Counts by project, for one event loop; `worker_count` of them share the quotas of events and bytes."""

    def __init__(self, worker_count: int = 1, clock: Clock = now_ms) -> None:
        self._worker_count = worker_count
        self._clock = clock
        self._counts: dict[tuple[str, str], _Count] = {}
        self._names: dict[tuple[str, str], _Names] = {}

    def take(self, project: ProjectSettings, events: int, byte_count: int) -> None:
        """Counts a request, all of it or nothing. Raises `QuotaUsedUp` (`project_quota`)."""
        now = self._clock()
        asked = (
            ("events_a_minute", events, MINUTE_MS),
            ("events_a_day", events, DAY_MS),
            ("bytes_a_day", byte_count, DAY_MS),
        )
        counts: list[tuple[_Count, int]] = []
        for name, amount, length_ms in asked:
            count = self._counts.setdefault((project.project_id, name), _Count())
            if count.period != now // length_ms:
                count.period, count.amount = now // length_ms, 0
            most = quota_of(project.quotas, name)
            if most and count.amount + amount > -(-most // self._worker_count):
                raise QuotaUsedUp(
                    f"This project has used up its quota of {most} {name.replace('_', ' ')}.",
                    retry_after_seconds=(length_ms - now % length_ms) // 1000 + 1,
                )
            counts.append((count, amount))
        for count, amount in counts:
            count.amount += amount

    def check_names(self, project: ProjectSettings, event_name: str, properties: Mapping[str, Any]) -> None:
        """Notes the names of an event or operation. Raises `Rejection` for new ones beyond a quota."""
        if properties:
            self._note(project, "properties", set(_paths(properties)), "too_many_properties")
        if event_name:
            self._note(project, "event_names", {hash(event_name)}, "too_many_event_names")

    def _note(self, project: ProjectSettings, name: str, seen: set[int], code: str) -> None:
        most = quota_of(project.quotas, name)
        if not most:
            return
        names = self._names.setdefault((project.project_id, name), _Names())
        names.turn(self._clock() // DAY_MS)
        if not names.take(seen, most):
            raise Rejection(
                f"This project's quota of {most} new {name.replace('_', ' ')} for today is used up.",
                code=code,
            )


def _paths(properties: Mapping[str, Any]) -> Iterator[int]:
    """A hash of every path in `properties`; lists are values."""
    open_paths: list[tuple[int, Mapping[str, Any]]] = [(0, properties)]
    while open_paths:
        above, level = open_paths.pop()
        for key, value in level.items():
            path = hash((above, key))
            yield path
            if isinstance(value, dict):
                open_paths.append((path, value))
