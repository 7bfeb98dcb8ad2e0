"""Follows a growing log line by line, even when it is rotated or emptied."""

import os
from pathlib import Path
from typing import IO

from collector.imports.access_log import LogReader
from collector.imports.event_frame import Chunk
from collector.imports.sources import Options
from collector.imports.text_lines import BLOCK_BYTES, LineSplitter, check_is_file
from event_lens.errors import Refused


class LogTail:
    """The lines of `path` from its beginning on. A compressed log does not grow, so it is imported and not followed."""

    def __init__(self, path: Path, options: Options) -> None:
        self._path = path
        self._reader = LogReader(path, options)
        self._splitter = LineSplitter()
        self._file = self._opened()

    def poll(self) -> Chunk | None:
        """Return the lines written since the last call, None without new lines. Never waits. Raises `Refused`."""
        data = self._file.read(BLOCK_BYTES)
        if data:
            return self._reader.chunk(self._splitter.lines(data), self._file.tell())
        if not self._is_replaced():
            return None
        lines = self._splitter.last_lines()
        self._file.close()
        self._splitter, self._file = LineSplitter(), self._opened()
        return self._reader.chunk(lines, 0) if lines.height else self.poll()

    def close(self) -> None:
        self._file.close()

    def _is_replaced(self) -> bool:
        """Return whether another file has the log's name now, or the log was emptied."""
        try:
            now = self._path.stat()
        except FileNotFoundError:  # between the old file and the new one
            return False
        mine = os.fstat(self._file.fileno())
        return now.st_ino != mine.st_ino or now.st_size < self._file.tell()

    def _opened(self) -> IO[bytes]:
        check_is_file(self._path)
        try:
            return self._path.open("rb")
        except OSError as error:
            raise Refused(f"{self._path} cannot be read: {error.strerror}.", code="import_file_unreadable") from error
