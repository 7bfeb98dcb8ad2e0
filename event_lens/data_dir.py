"""The folder that holds everything Event Lens writes (`EVENTLENS_HOME`)."""

import os
import uuid
from contextlib import suppress
from pathlib import Path

from event_lens.errors import Refused

FORMAT_VERSION = 1

FOLDERS = ("warehouse", "spool", "dagster", "lake")

VERSION_FILE = "format"


def prepare_home(home: Path) -> Path:
    """Make `home` and its folders, and return it; new and older folders alike are for their owner only.

    Raises `Refused`: `home_newer` when a newer program wrote it, `home_unreadable` when its format file is damaged,
    `home_unwritable` when it cannot be made.
    """
    try:
        for folder in (home, *(home / name for name in FOLDERS)):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            keep_private(folder, 0o700)
        version_file = home / VERSION_FILE
        if not version_file.exists():
            _write_version(version_file)
        text = version_file.read_text().strip()
    except OSError as error:
        raise Refused(
            f"{home} cannot be used as the home: {error.strerror}. Set EVENTLENS_HOME to a folder you may write to.",
            code="home_unwritable",
        ) from error
    if not text.isdigit():
        raise Refused(
            f"{version_file} should hold a format number and does not. Put {FORMAT_VERSION} there if this is a home "
            "of Event Lens, or set EVENTLENS_HOME to another folder.",
            code="home_unreadable",
        )
    if int(text) > FORMAT_VERSION:
        raise Refused(
            f"{home} was written by a newer Event Lens (format {text}, this program reads up to {FORMAT_VERSION}). "
            "Upgrade Event Lens or set EVENTLENS_HOME to another folder.",
            code="home_newer",
        )
    return home


def _write_version(version_file: Path) -> None:
    """Write the number of the home's format atomically: after a crash the file is complete or absent."""
    draft = version_file.with_name(f"{VERSION_FILE}.{uuid.uuid4().hex}")
    draft.write_text(f"{FORMAT_VERSION}\n")
    draft.replace(version_file)


def write_for_owner_only() -> None:
    """Keep other users' rights off every file that this process and those it starts will create: the warehouse, Dagster
    and dbt write files of their own into the home.
    """
    os.umask(0o077)


def make_private_file(path: Path) -> None:
    """Create an empty file, unless it exists, that only its owner can read. Raises `OSError`.

    A file that exists is not opened: closing it again would end the locks that SQLite holds on it in this process.
    """
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    keep_private(path, 0o600)


def keep_private(path: Path, mode: int) -> None:
    """Remove other users' rights on a file or folder, unless another user owns it, as happens with a container's
    volume.
    """
    with suppress(PermissionError):
        path.chmod(mode)
