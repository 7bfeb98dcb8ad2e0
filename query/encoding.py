"""The encodings of sent files, chosen from the encodings that the client accepts."""

import zlib
from typing import Protocol

import zstandard

GZIP_WINDOW = 31
LEVEL = 3
NOT_PACKED = ("parquet",)
"""Formats that are already compressed."""


class Encoder(Protocol):
    """Packs the pieces of a file, one after the other."""

    def compress(self, data: bytes, /) -> bytes: ...

    def flush(self) -> bytes: ...


def choose_encoding(accepted: str, format: str) -> str:
    """Return `zstd`, `gzip` or '' by the header `Accept-Encoding`. zstd is preferred: it packs better in less time."""
    if format in NOT_PACKED:
        return ""
    offered = [part.partition(";") for part in accepted.lower().split(",")]
    taken = {name.strip() for name, _, weight in offered if weight.replace(" ", "") not in ("q=0", "q=0.0")}
    return next((encoding for encoding in ("zstd", "gzip") if encoding in taken), "")


def make_encoder(encoding: str) -> Encoder | None:
    if encoding == "zstd":
        return zstandard.ZstdCompressor(level=LEVEL).compressobj()
    return zlib.compressobj(LEVEL, zlib.DEFLATED, GZIP_WINDOW) if encoding == "gzip" else None
