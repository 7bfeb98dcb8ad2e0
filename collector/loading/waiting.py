"""Lands the segments that wait in a home's spool, and removes a person's lines from the segments that cannot land."""

import re
import time
from collections.abc import Collection
from pathlib import Path

from collector.loading.loader import land_segment
from collector.loading.router import Router
from collector.spool.directory import CORRUPT, open_directory, worker_directories
from collector.spool.segment import parse_name
from event_lens.errors import Unavailable
from event_lens.registry.database import Registry
from event_lens.settings import Settings
from event_lens.shards import all_shards
from event_lens.warehouse.access import connect

LAND_WITHIN_SECONDS = 60.0
_LOOK_SECONDS = 0.05


def land_waiting(settings: Settings, registry: Registry, until_ms: int, within: float = LAND_WITHIN_SECONDS) -> None:
    """Land every segment that was begun by `until_ms`. Segments of dead workers are landed directly; living workers
    land their own, and the function waits for that. Blocks. Raises `Unavailable` (`spool_waits`) when segments are
    still there after `within` seconds.
    """
    spool = settings.home / "spool"
    folder = open_directory(spool)
    try:
        warehouses = {shard: connect(settings, "collector", shard=shard) for shard in all_shards(settings)}
        way = Router(registry, warehouses) if len(warehouses) > 1 else warehouses[1]
        for name in folder.sealed():
            land_segment(way, folder, name)
    finally:
        folder.close()
    deadline = time.monotonic() + within
    while waiting := _segments_until(spool, until_ms):
        if time.monotonic() > deadline:
            raise Unavailable(
                f"{waiting} segments of the spool wait for the collector to land them. See why they do not "
                "(eventlens status), then run this again: it goes on.",
                code="spool_waits",
            )
        time.sleep(_LOOK_SECONDS)


def drop_corrupt_lines(settings: Settings, texts: Collection[str]) -> int:
    """Remove the lines that name one of `texts` from the files that were set aside, and return their number."""
    folder = settings.home / "spool" / CORRUPT
    named = re.compile("|".join(re.escape(text) for text in texts).encode()) if texts else None
    dropped = 0
    for path in sorted(folder.iterdir()) if named and folder.is_dir() else ():
        lines = path.read_bytes().splitlines(keepends=True)
        kept = [line for line in lines if not named or not named.search(line)]
        if len(kept) < len(lines):
            dropped += len(lines) - len(kept)
            _replace(path, b"".join(kept))
    return dropped


def _replace(path: Path, content: bytes) -> None:
    if not content:
        path.unlink()
        return
    draft = path.with_name(f"{path.name}.draft")
    draft.write_bytes(content)
    draft.replace(path)


def _segments_until(spool: Path, until_ms: int) -> int:
    count = 0
    for folder in worker_directories(spool):
        try:
            names = [parse_name(path.name) for path in folder.iterdir()]
        except FileNotFoundError:
            continue  # its worker ended, or was adopted
        count += sum(name is not None and name.created_ms <= until_ms for name in names)
    return count
