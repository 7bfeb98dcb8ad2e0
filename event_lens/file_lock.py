"""A lock on a file that the operating system takes back when its process ends, however that ends."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def try_lock(path: Path, *, make_folder: bool = True) -> int | None:
    """Takes the lock and returns the descriptor that holds it, or `None` while another process holds it."""
    descriptor = _open(path, make_folder=make_folder)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def wait_for_lock(path: Path) -> int:
    """Waits until no other process holds the lock, takes it and returns the descriptor that holds it."""
    descriptor = _open(path, make_folder=True)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    return descriptor


def is_locked(path: Path) -> bool:
    """Returns whether somebody holds the lock; a missing file is not held."""
    with suppress(FileNotFoundError), _opened(path) as descriptor:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


@contextmanager
def waited_lock(path: Path) -> Iterator[None]:
    """Holds the lock inside the block, and waits for it before."""
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
