"""Reads files compressed by zstd to their end, or refuses them: zstd's own reader would accept a file that is cut
off.
"""

import io
from typing import IO

import zstandard

PIECE_BYTES = 1024
"""The compressed bytes per step: a kilobyte expands to at most 32 MB."""


class ZstdFile(io.RawIOBase):
    """The content of `raw`, frame after frame. Raises `EOFError` for a frame that is cut off."""

    def __init__(self, raw: IO[bytes]) -> None:
        self._raw = raw
        self._frame = zstandard.ZstdDecompressor().decompressobj()
        self._packed = b""
        self._unpacked = memoryview(b"")
        self._is_between = True

    def readable(self) -> bool:
        return True

    def readinto(self, target: "memoryview") -> int:  # type: ignore[override]
        while not self._unpacked:
            if not self._unpack():
                return 0
        size = min(len(target), len(self._unpacked))
        target[:size] = self._unpacked[:size]
        self._unpacked = self._unpacked[size:]
        return size

    def _unpack(self) -> bool:
        """Decompress the next piece; return whether there was one."""
        piece = self._packed or self._raw.read(PIECE_BYTES)
        if not piece:
            if not self._is_between:
                raise EOFError("Compressed file ended before the end of a frame")
            return False
        self._unpacked = memoryview(self._frame.decompress(piece))
        self._packed = self._frame.unused_data
        self._is_between = self._frame.eof
        if self._is_between:
            self._frame = zstandard.ZstdDecompressor().decompressobj()
        return True
