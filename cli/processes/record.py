"""The record of the processes that `eventlens up` runs, kept in the home for other commands while it runs."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from event_lens.data_dir import prepare_home
from event_lens.errors import Refused
from event_lens.file_lock import try_lock
from event_lens.process_id import ProcessId, find_process

FILE = "up.json"
LOCK = "up.lock"


class Record(msgspec.Struct, frozen=True):
    """The watching process, and the parts' processes by name."""

    up: ProcessId
    parts: dict[str, ProcessId]


@contextmanager
def recorded(home: Path) -> Iterator["Recorder"]:
    """Lock the home inside the block. Raises `Refused` (`up_running`) while another `up` holds the lock."""
    lock = try_lock(prepare_home(home) / LOCK)
    if lock is None:
        raise Refused(
            f"`eventlens up` runs over {home} already. `eventlens status` shows it, `eventlens stop` ends it.",
            code="up_running",
        )
    recorder = Recorder(home)
    try:
        yield recorder
    finally:
        (home / FILE).unlink(missing_ok=True)
        os.close(lock)


class Recorder:
    """Rewrites the record at each change, atomically."""

    def __init__(self, home: Path) -> None:
        self._file = home / FILE
        self._up = find_process(os.getpid())

    def write(self, parts: dict[str, ProcessId]) -> None:
        if self._up is None:
            return
        draft = self._file.with_name(f"{FILE}.draft")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.encode(Record(self._up, parts)))
        draft.replace(self._file)


def read_record(home: Path) -> Record | None:
    """Return the record of an `up` that runs or was killed; `None` when the record is missing or unreadable."""
    try:
        return msgspec.json.decode((home / FILE).read_bytes(), type=Record)
    except (OSError, msgspec.DecodeError):
        return None
