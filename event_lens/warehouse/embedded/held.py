"""Bytes kept until all of them are there: in memory while they are few, else in a file without a name."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import SpooledTemporaryFile

from event_lens.warehouse.embedded.failure import NOT_ENOUGH_SPACE, failure

_IN_MEMORY_BYTES = 1 << 24
_PIECE_BYTES = 1 << 18


class Held:
    """Keeps what is appended; beyond 16 MiB on the disk of `folder`, where nothing is left when the process dies."""

    def __init__(self, folder: Path) -> None:
        self._file = SpooledTemporaryFile(_IN_MEMORY_BYTES, mode="w+b", dir=str(folder))  # noqa: SIM115

    def append(self, piece: bytes | bytearray) -> None:
        """Blocks while the disk writes. Raises `StatementError` when it is full."""
        try:
            self._file.write(piece)
        except OSError as error:
            message = f"What was sent or asked for cannot be kept on disk: {error.strerror}."
            raise failure(NOT_ENOUGH_SPACE, "NOT_ENOUGH_SPACE", message) from error

    def pieces(self) -> Iterator[bytes]:
        """All of it, in pieces."""
        self._file.seek(0)
        while piece := self._file.read(_PIECE_BYTES):
            yield piece

    def close(self) -> None:
        self._file.close()
