"""A worker's spool folder: locked while the worker lives; after its death another worker adopts the segments."""

import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from threading import Lock

from collector.spool.segment import SegmentName, count_lines, parse_name
from event_lens.errors import Unavailable
from event_lens.file_lock import try_lock, waited_lock
from event_lens.logs import get_log
from event_lens.metrics import metrics

log = get_log("spool")

CORRUPT = "corrupt"
"""A folder next to the workers' folders, with lines and files that cannot land and wait for a person."""

_LOCK = "lock"
_WORKER = "worker-"


class SpoolDirectory:
    """The folder of one worker, which no other worker may use: its sealed segments, and the number of their bytes.
    Thread-safe.
    """

    def __init__(self, path: Path, lock: int) -> None:
        self.path = path
        self._lock = lock
        self._bytes = 0
        self._counting = Lock()

    @property
    def byte_count(self) -> int:
        return self._bytes

    def grew(self, byte_count: int) -> None:
        """Count bytes written (or, below zero, removed)."""
        with self._counting:
            self._bytes += byte_count
            metrics.gauge("eventlens_spool_bytes", self._bytes)

    def sealed(self) -> list[SegmentName]:
        """Return the sealed segments, oldest first."""
        names = (parse_name(path.name) for path in self.path.iterdir())
        return sorted(name for name in names if name is not None and name.row_count is not None)

    def mark_tried(self, name: SegmentName) -> bool:
        """Record on disk that `name` is about to be sent to the warehouse, by renaming its file to `name.tried`.
        Returns whether it may have been sent before.
        """
        if not name.is_fresh:
            return True
        try:
            (self.path / name.file_name).rename(self.path / name.tried.file_name)
        except FileNotFoundError:
            return True
        sync_directory(self.path)
        return False

    def remove(self, name: SegmentName) -> None:
        """Delete a segment: its rows are in the warehouse."""
        path = self.path / name.file_name
        byte_count = path.stat().st_size
        path.unlink()
        self.grew(-byte_count)

    def set_aside(self, name: str, content: bytes) -> None:
        """Write lines that cannot land to `corrupt/`, under `name`. Repeating this keeps one copy."""
        corrupt = self.path.parent / CORRUPT
        corrupt.mkdir(mode=0o700, exist_ok=True)
        draft = corrupt / f"{name}.draft"
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.rename(corrupt / name)
        sync_directory(corrupt)

    def adopt(self) -> list[SegmentName]:
        """Take over the files that dead workers of this home left behind, and return their segments, oldest first.

        Blocks while another worker does the same. A folder that cannot be taken over now is reported and left for the
        next call. Raises `OSError` when the spool itself cannot be read.
        """
        adopted: list[SegmentName] = []
        with waited_lock(self.path.parent / _LOCK):
            for orphan in worker_directories(self.path.parent):
                if orphan == self.path:
                    continue
                try:
                    _adopt(orphan, self, adopted)
                except OSError as error:
                    log.error("folder_not_adopted", folder=orphan.name, errno=error.errno)
        return sorted(adopted)

    def close(self) -> None:
        """Release the lock, and remove the folder if it is empty."""
        with waited_lock(self.path.parent / _LOCK):
            if all(path.name == _LOCK for path in self.path.iterdir()):
                (self.path / _LOCK).unlink(missing_ok=True)
                self.path.rmdir()
            self.release()

    def release(self) -> None:
        """Release the lock and leave all files, as happens when a worker dies."""
        os.close(self._lock)


def open_directory(spool: Path) -> SpoolDirectory:
    """Open a new folder in `spool` and take over the segments of every worker that has died.

    Raises `Unavailable` (`spool_unwritable`). Blocks while another worker of this home does the same.
    """
    try:
        spool.mkdir(mode=0o700, parents=True, exist_ok=True)
        with waited_lock(spool / _LOCK):
            path = spool / f"{_WORKER}{os.getpid()}-{secrets.token_hex(4)}"
            path.mkdir(mode=0o700)
            folder = SpoolDirectory(path, _lock(path))
            sync_directory(path)
            sync_directory(spool)
        folder.adopt()
        return folder
    except OSError as error:
        raise Unavailable(
            f"The spool {spool} cannot be used: {error.strerror}. Check EVENTLENS_HOME, its owner and its disk.",
            code="spool_unwritable",
        ) from error


def worker_directories(spool: Path) -> Iterator[Path]:
    """Yield the folders of all workers, living and dead."""
    if spool.is_dir():
        yield from sorted(path for path in spool.iterdir() if path.name.startswith(_WORKER) and path.is_dir())


def sync_directory(path: Path) -> None:
    """Sync the names in a folder to disk, so that they are as durable as the files' contents."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _adopt(orphan: Path, folder: SpoolDirectory, adopted: list[SegmentName]) -> None:
    """Move the files of `orphan` into `folder`, unless its worker lives, and add the segments to `adopted`."""
    try:
        lock = _lock(orphan)
    except (BlockingIOError, FileNotFoundError):
        return  # its worker lives, or has just ended and left nothing
    try:
        for path in sorted(orphan.iterdir()):
            if path.name != _LOCK:
                name = _take(path, folder)
                if name is not None:
                    adopted.append(name)
        sync_directory(folder.path)
        (orphan / _LOCK).unlink(missing_ok=True)
        orphan.rmdir()
        log.info("folder_adopted", folder=orphan.name, bytes=folder.byte_count)
    finally:
        os.close(lock)


def _take(path: Path, folder: SpoolDirectory) -> SegmentName | None:
    """Move a file of a dead worker into `folder` and return its segment. A file that is not a segment is set aside, and
    None is returned.
    """
    name = parse_name(path.name) if path.is_file() else None
    if name is not None and name.row_count is None:
        name = name.sealed(count_lines(path))
    if name is None or (folder.path / name.file_name).exists():
        corrupt = folder.path.parent / CORRUPT
        corrupt.mkdir(mode=0o700, exist_ok=True)
        path.rename(corrupt / f"{path.parent.name}-{path.name}")
        metrics.count("eventlens_spool_foreign_files_total")
        log.warning("foreign_file_set_aside", folder=path.parent.name, file=path.name)
        return None
    size = path.stat().st_size
    path.rename(folder.path / name.file_name)
    folder.grew(size)
    return name


def _lock(path: Path) -> int:
    """Return the descriptor that holds the folder's lock. Raises `BlockingIOError` while its worker lives."""
    lock = try_lock(path / _LOCK, make_folder=False)
    if lock is None:
        raise BlockingIOError
    return lock
