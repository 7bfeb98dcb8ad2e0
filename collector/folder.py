"""A worker's spool folder: locked while the worker lives, its segments adopted by another when it does not."""

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from collector.segment import SegmentName, count_lines, parse_name
from event_lens.errors import Unavailable
from event_lens.logs import get_log
from event_lens.metrics import metrics

log = get_log("spool")

CORRUPT = "corrupt"
"""Beside the workers' folders: lines and files that cannot land and wait for a person."""

_LOCK = "lock"


class Folder:
    """One worker's folder, exclusively: sealed segments in it, and how many bytes they take. Thread-safe."""

    def __init__(self, path: Path, lock: int) -> None:
        self.path = path
        self._lock = lock
        self._bytes = 0
        self._counting = Lock()

    @property
    def byte_count(self) -> int:
        return self._bytes

    def grew(self, byte_count: int) -> None:
        """Counts bytes written (or, below zero, removed)."""
        with self._counting:
            self._bytes += byte_count
            metrics.gauge("eventlens_spool_bytes", self._bytes)

    def sealed(self) -> list[SegmentName]:
        """The sealed segments, oldest first."""
        names = (parse_name(path.name) for path in self.path.iterdir())
        return sorted(name for name in names if name is not None and name.row_count is not None)

    def remove(self, name: SegmentName) -> None:
        """Takes a segment out for good: its rows are in the warehouse."""
        path = self.path / name.file_name
        byte_count = path.stat().st_size
        path.unlink()
        self.grew(-byte_count)

    def set_aside(self, name: str, content: bytes) -> None:
        """Keeps what cannot land in `corrupt/`, under `name`; doing it twice keeps it once."""
        corrupt = self.path.parent / CORRUPT
        corrupt.mkdir(mode=0o700, exist_ok=True)
        draft = corrupt / f"{name}.draft"
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.rename(corrupt / name)
        sync_folder(corrupt)

    def close(self) -> None:
        """Gives the lock back; the folder goes if nothing is left in it."""
        with _locked(self.path.parent):
            if all(path.name == _LOCK for path in self.path.iterdir()):
                (self.path / _LOCK).unlink(missing_ok=True)
                self.path.rmdir()
            os.close(self._lock)


def open_folder(spool: Path) -> Folder:
    """A new folder in `spool`, with the segments of every worker that is gone.

    Raises `Unavailable` (`spool_unwritable`). Blocks while another worker of this home does the same.
    """
    try:
        spool.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _locked(spool):
            path = spool / f"worker-{os.getpid()}-{secrets.token_hex(4)}"
            path.mkdir(mode=0o700)
            folder = Folder(path, _lock(path))
            for orphan in worker_folders(spool):
                if orphan != path:
                    _adopt(orphan, folder)
            sync_folder(path)
            sync_folder(spool)
        return folder
    except OSError as error:
        raise Unavailable(
            f"The spool {spool} cannot be used: {error.strerror}. Check EVENTLENS_HOME, its owner and its disk.",
            code="spool_unwritable",
        ) from error


def worker_folders(spool: Path) -> Iterator[Path]:
    """The folders of all workers, living and gone."""
    if spool.is_dir():
        yield from sorted(path for path in spool.iterdir() if path.is_dir() and path.name != CORRUPT)


def sync_folder(path: Path) -> None:
    """Makes the names in a folder as durable as the files' contents."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _adopt(orphan: Path, folder: Folder) -> None:
    try:
        lock = _lock(orphan)
    except (BlockingIOError, FileNotFoundError):
        return  # its worker lives, or has just ended and left nothing
    try:
        for path in sorted(orphan.iterdir()):
            if path.name != _LOCK:
                _take(path, folder)
        sync_folder(folder.path)
        (orphan / _LOCK).unlink(missing_ok=True)
        orphan.rmdir()
        log.info("folder_adopted", folder=orphan.name, bytes=folder.byte_count)
    finally:
        os.close(lock)


def _take(path: Path, folder: Folder) -> None:
    """Moves a file of a dead worker into `folder`: sealed when it is a segment, set aside when it is not."""
    name = parse_name(path.name) if path.is_file() else None
    if name is None:
        corrupt = folder.path.parent / CORRUPT
        corrupt.mkdir(mode=0o700, exist_ok=True)
        path.rename(corrupt / f"{folder.path.name}-{path.name}")
        metrics.count("eventlens_spool_foreign_files_total")
        log.warning("foreign_file_set_aside", file=path.name)
        return
    size = path.stat().st_size
    if name.row_count is None:
        name = name.sealed(count_lines(path))
    path.rename(folder.path / name.file_name)
    folder.grew(size)


def _lock(path: Path) -> int:
    """The descriptor that holds the folder's lock. Raises `BlockingIOError` while its worker lives."""
    descriptor = os.open(path / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


@contextmanager
def _locked(spool: Path) -> Iterator[None]:
    with (spool / _LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
