"""Brings rows to the shard of their project (docs/decisions/0020-shards.md)."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import NamedTuple

import msgspec

from collector.loading.verification import Landing
from collector.spool.segment import Verified, body_of
from event_lens.errors import Unavailable
from event_lens.registry.database import Registry
from event_lens.registry.placements import Placement, find_placements


class Part(NamedTuple):
    """Lines of a segment that go to one shard. `may_be_there` says that a move of their project may have copied them
    there already.
    """

    warehouse: Landing
    lines: list[bytes]
    body: bytes
    may_be_there: bool = False


class _Owned(msgspec.Struct, gc=False):
    project_id: str


# The move's time comes from another machine's clock. Looking for rows that a move did not bring is cheap.
_MAX_CLOCK_DIFFERENCE_MS = 3_600_000

_decoder = msgspec.json.Decoder(_Owned)


class Router:
    """Splits segments by shard. Safe to use from several threads."""

    def __init__(self, registry: Registry, warehouses: Mapping[int, Landing]) -> None:
        self._registry = registry
        self._warehouses = warehouses

    def parts(self, found: Verified, created_ms: int) -> tuple[list[Part], dict[str, Placement]]:
        """Return the part of each shard, and each project's placement at this time. The same segment is always split in
        the same way, unless a project moved after `created_ms`. Raises `Unavailable` (`project_moving`) while rows of a
        project may not land.
        """
        owners = [row.project_id for row in _decoder.decode_lines(found.body)]
        placements = self._placements(set(owners))
        lines: dict[int, list[bytes]] = defaultdict(list)
        for owner, line in zip(owners, found.lines, strict=True):
            lines[placements[owner].shard].append(line)
        moved = {
            place.shard for place in placements.values() if place.moved_at_ms >= created_ms - _MAX_CLOCK_DIFFERENCE_MS
        }
        parts = [
            Part(self._warehouses[shard], own, found.body if len(lines) == 1 else body_of(own), shard in moved)
            for shard, own in sorted(lines.items())
        ]
        return parts, placements

    def check(self, placements: Mapping[str, Placement]) -> None:
        """Raise `Unavailable` (`project_moving`) when a project has moved since `placements` were read: its rows may be
        on its old shard.
        """
        if self._placements(placements.keys()) != placements:
            raise _moving()

    def _placements(self, project_ids: Collection[str]) -> dict[str, Placement]:
        placements = find_placements(self._registry, project_ids)
        if any(place.is_held for place in placements.values()):
            raise _moving()
        return placements


def _moving() -> Unavailable:
    return Unavailable(
        "A project is on its way to another shard; its rows wait in the spool until the move is done.",
        code="project_moving",
        retry_after_seconds=1,
    )
