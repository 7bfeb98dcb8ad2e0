"""A lock on a file that the operating system releases when the process ends, even if it is killed."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def try_lock(path: Path, *, make_folder: bool = True) -> int | None:
    """Take the lock and return the descriptor that holds it, or `None` while another process holds it."""
    descriptor = _open(path, make_folder=make_folder)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def wait_for_lock(path: Path) -> int:
    """Wait until no other process holds the lock, take it and return the descriptor that holds it."""
    descriptor = _open(path, make_folder=True)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    return descriptor


def is_locked(path: Path) -> bool:
    """Return whether a process holds the lock; a missing file is not locked."""
    with suppress(FileNotFoundError), _opened(path) as descriptor:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


@contextmanager
def waited_lock(path: Path) -> Iterator[None]:
    """Wait for the lock, then hold it inside the block."""
    descriptor = wait_for_lock(path)
    try:
        yield
    finally:
        os.close(descriptor)


def _open(path: Path, *, make_folder: bool) -> int:
    if make_folder:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
