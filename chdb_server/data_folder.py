"""The data folder, which is owned by one process at a time."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from event_lens.errors import Refused
from event_lens.file_lock import try_lock


@contextmanager
def owned(folder: Path) -> Iterator[Path]:
    """Hold `folder` for this process; the lock is released when the process ends, even if it is killed.

    Raises `Refused` (`warehouse_folder_held`) at once when another process holds it.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock_file = folder.with_name(f"{folder.name}.lock")
    descriptor = try_lock(lock_file)
    if descriptor is None:
        holder = lock_file.read_text(errors="replace").strip() or "unknown"
        raise Refused(
            f"The warehouse folder {folder} is held by another process (id {holder}). Stop that one first, "
            "or set EVENTLENS_HOME to another folder.",
            code="warehouse_folder_held",
        )
    try:
        os.ftruncate(descriptor, 0)
        os.write(descriptor, str(os.getpid()).encode())
        yield folder
    finally:
        os.close(descriptor)


def keep_default_database(folder: Path) -> None:
    """Attach the database `default` of an earlier version, which kept no file for it, so that its tables are found
    again.
    """
    link = folder / "metadata" / "default"
    description = link.with_suffix(".sql")
    if link.is_symlink() and not description.exists():
        description.write_text(f"ATTACH DATABASE _ UUID '{link.readlink().name}'\nENGINE = Atomic\n")
