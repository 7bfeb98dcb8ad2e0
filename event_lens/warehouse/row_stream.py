"""A streamed answer of the warehouse in one of its formats, read piece by piece in constant memory."""

from contextlib import AbstractContextManager
from typing import Any

from urllib3.exceptions import ProtocolError

PIECE_BYTES = 1 << 18
TAG_HEADER = "x-clickhouse-exception-tag"


class RowStream:
    """The rest of one answer, for one thread at a time; other threads may call `stop` only.

    `translated` turns the errors of the HTTP client into ours. An interrupted answer raises an error; it never ends as
    if it were complete.
    """

    def __init__(self, response: Any, translated: AbstractContextManager[None]) -> None:
        self._response = response
        self._translated = translated
        tag = response.headers.get(TAG_HEADER, "")
        # ClickHouse writes an error in the middle of an answer behind this mark, then cuts the connection.
        self._mark = f"\r\n__exception__\r\n{tag}\r\n".encode() if tag else b""
        self._held = b""

    def read(self) -> bytes:
        """Return the next piece, empty at the end; blocks. Raises `Unavailable` when the warehouse breaks off."""
        with self._translated:
            while True:
                piece = self._response.read(PIECE_BYTES)
                ready, self._held = self._split(self._held + piece, is_last=not piece)
                if ready or not piece:
                    return ready

    def _split(self, read: bytes, *, is_last: bool) -> tuple[bytes, bytes]:
        """Return the bytes that may be passed on, and the last bytes, which may be the beginning of a mark."""
        if self._mark and self._mark in read:
            raise ProtocolError("The warehouse reported an error in the middle of its answer.")
        kept = 0 if is_last or not self._mark else len(self._mark) - 1
        return read[: len(read) - kept], read[len(read) - kept :]

    def stop(self) -> None:
        """Make a `read` that waits in another thread return; does not block."""
        try:
            self._response.shutdown()
        except (ValueError, RuntimeError, OSError):
            return  # it has ended already

    def close(self) -> None:
        """Close the connection that the answer came on, so that the warehouse stops the statement if it still runs."""
        self._response.close()
