"""Bytes kept until all of them are there: in memory while they are few, else in a file without a name."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from event_lens.warehouse.embedded.failure import NOT_ENOUGH_SPACE, failure

_IN_MEMORY_BYTES = 1 << 24
_PIECE_BYTES = 1 << 18


class Held:
    """Keeps what is appended; beyond 16 MiB on the disk of `folder`, where nothing is left when the process dies."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._pieces: list[bytes] = []
        self._size = 0
        self._file: IO[bytes] | None = None

    def fits(self, size: int) -> bool:
        """Whether so many bytes more stay in memory, so that `append` does not wait for the disk."""
        return self._size + size <= _IN_MEMORY_BYTES

    def append(self, piece: bytes) -> None:
        """Blocks when it does not fit. Raises `StatementError` when the disk is full."""
        self._pieces.append(piece)
        self._size += len(piece)
        if self._size > _IN_MEMORY_BYTES:
            self._spill()

    def pieces(self) -> Iterator[bytes]:
        """All of it, in pieces."""
        if self._file is not None:
            self._file.seek(0)
            while piece := self._file.read(_PIECE_BYTES):
                yield piece
        else:
            yield from self._pieces

    def close(self) -> None:
        self._pieces.clear()
        if self._file is not None:
            self._file.close()

    def _spill(self) -> None:
        try:
            self._file = self._file or TemporaryFile(dir=self._folder)  # noqa: SIM115
            self._file.writelines(self._pieces)
            self._file.flush()
        except OSError as error:
            message = f"What was sent or asked for cannot be kept on disk: {error.strerror}."
            raise failure(NOT_ENOUGH_SPACE, "NOT_ENOUGH_SPACE", message) from error
        self._pieces.clear()
