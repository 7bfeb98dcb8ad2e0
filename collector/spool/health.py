"""Rows that still wait on disk, over all workers of a home, living and dead."""

from pathlib import Path
from typing import NamedTuple

from collector.spool.directory import worker_directories
from collector.spool.segment import count_lines, parse_name
from event_lens.clock import Clock, now_ms
from event_lens.errors import Unavailable

_LOOKS = 4
"""A segment that waits is renamed up to three times: when it is sealed, before its first try, and when another worker
adopts it. Each time can hide it from one look.
"""


class Waiting(NamedTuple):
    """Rows and bytes on disk, and the time at which the oldest segment was begun (ms since the epoch)."""

    row_count: int
    byte_count: int
    oldest_ms: int | None


def spool_health(spool: Path, clock: Clock = now_ms) -> dict[str, int | float]:
    """Return `{"pendingEvents", "pendingBytes", "oldestSeconds"}`; 0 events means that everything acknowledged has
    landed.

    Blocks on the disk: the names of sealed segments hold their row counts, open segments are read. Raises `Unavailable`
    (`spool_unreadable`).
    """
    try:
        for _ in range(_LOOKS):
            found = _scan(spool)
            if found.row_count:
                break
    except OSError as error:
        raise Unavailable(
            f"The spool cannot be read: {error.strerror}. Check its disk, its owner and the limit of open files.",
            code="spool_unreadable",
        ) from error
    return {
        "pendingEvents": found.row_count,
        "pendingBytes": found.byte_count,
        "oldestSeconds": 0.0 if found.oldest_ms is None else max(0, clock() - found.oldest_ms) / 1000,
    }


def _scan(spool: Path) -> Waiting:
    row_count = byte_count = 0
    oldest_ms: int | None = None
    for folder in worker_directories(spool):
        for path in _files(folder):
            name = parse_name(path.name)
            if name is None:
                continue
            try:
                rows = count_lines(path) if name.row_count is None else name.row_count
                size = path.stat().st_size
            except FileNotFoundError:
                continue  # sealed or landed a moment ago
            if rows:
                row_count += rows
                byte_count += size
                oldest_ms = name.created_ms if oldest_ms is None else min(oldest_ms, name.created_ms)
    return Waiting(row_count, byte_count, oldest_ms)


def _files(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except FileNotFoundError:
        return []  # its worker ended, or was adopted
