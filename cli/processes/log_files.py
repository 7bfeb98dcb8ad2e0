"""A log file per part, which is rotated when it is full."""

import os
from contextlib import suppress
from pathlib import Path

MAX_BYTES = 10_000_000
KEPT = 5


class LogFile:
    """`NAME.log`, readable by its owner only; older files are `NAME.log.1` and so on. A full disk does not stop the
    part.
    """

    def __init__(self, path: Path, max_bytes: int = MAX_BYTES, kept: int = KEPT) -> None:
        self._path = path
        self._max_bytes = max_bytes
        self._kept = kept
        self._descriptor: int | None = None
        self._bytes = 0

    def write(self, line: str) -> None:
        data = f"{line}\n".encode(errors="replace")
        with suppress(OSError):
            if self._descriptor is not None and self._bytes + len(data) > self._max_bytes:
                self.close()
                self._rotate()
            if self._descriptor is None:
                self._descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
                self._bytes = os.fstat(self._descriptor).st_size
            self._bytes += os.write(self._descriptor, data)

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _rotate(self) -> None:
        for number in range(self._kept - 1, 0, -1):
            with suppress(FileNotFoundError):
                self._aside(number).replace(self._aside(number + 1))
        self._path.replace(self._aside(1))

    def _aside(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}")


class LogFiles:
    """The log files of a folder by part; without a folder there are no files. Raises `OSError` when the folder
    cannot be made.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._files: dict[str, LogFile] = {}
        if folder is not None:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def write(self, part: str, line: str) -> None:
        if self._folder is None:
            return
        if part not in self._files:
            self._files[part] = LogFile(self._folder / f"{part}.log")
        self._files[part].write(line)

    def close(self) -> None:
        for file in self._files.values():
            file.close()
