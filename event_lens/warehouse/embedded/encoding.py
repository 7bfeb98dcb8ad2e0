"""Content encodings of bodies and answers, a piece at a time: gzip, deflate, zstd and lz4 frames."""

import zlib
from collections.abc import Callable, Iterator
from typing import Protocol

import lz4.frame  # type: ignore[import-untyped]
import zstandard

from event_lens.warehouse.embedded.failure import CANNOT_DECOMPRESS, StatementError, failure

_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS
_GZIP = 16 + zlib.MAX_WBITS


class Decoder(Protocol):
    def decode(self, piece: bytes) -> Iterator[bytes]: ...

    def check_end(self) -> None: ...


class Encoder(Protocol):
    def encode(self, piece: bytes) -> bytes: ...

    def finish(self) -> bytes: ...


class _Plain:
    def decode(self, piece: bytes) -> Iterator[bytes]:
        if piece:
            yield piece

    def check_end(self) -> None:
        return


class _Frames:
    """Compressed frames, several in a row too."""

    def __init__(self, start: Callable[[], "_FrameDecompressor"]) -> None:
        self._start = start
        self._frame: _FrameDecompressor | None = None

    def decode(self, piece: bytes) -> Iterator[bytes]:
        while piece:
            if self._frame is None or self._frame.eof:
                self._frame = self._start()
            try:
                out = self._frame.decompress(piece)
            except (zlib.error, zstandard.ZstdError, RuntimeError) as error:
                raise _undecodable(str(error)) from error
            if out:
                yield out
            piece = (self._frame.unused_data or b"") if self._frame.eof else b""

    def check_end(self) -> None:
        if self._frame is not None and not self._frame.eof:
            raise _undecodable("the compressed body ends too early")


class _FrameDecompressor(Protocol):
    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes | None: ...

    def decompress(self, data: bytes) -> bytes: ...


class Identity:
    """Writes what it is given."""

    def encode(self, piece: bytes) -> bytes:
        return piece

    def finish(self) -> bytes:
        return b""


class _Gzip:
    def __init__(self) -> None:
        self._deflate = zlib.compressobj(1, wbits=_GZIP)

    def encode(self, piece: bytes) -> bytes:
        return self._deflate.compress(piece)

    def finish(self) -> bytes:
        return self._deflate.flush()


class _Zstd:
    def __init__(self) -> None:
        self._frame = zstandard.ZstdCompressor(level=1).compressobj()

    def encode(self, piece: bytes) -> bytes:
        return self._frame.compress(piece)

    def finish(self) -> bytes:
        return self._frame.flush()


class _Lz4:
    def __init__(self) -> None:
        self._frame = lz4.frame.LZ4FrameCompressor()
        self._begun = False

    def encode(self, piece: bytes) -> bytes:
        head = b"" if self._begun else self._frame.begin()
        self._begun = True
        return head + bytes(self._frame.compress(piece))

    def finish(self) -> bytes:
        head = b"" if self._begun else self._frame.begin()
        return head + bytes(self._frame.flush())


_ENCODERS: dict[str, Callable[[], Encoder]] = {"lz4": _Lz4, "zstd": _Zstd, "gzip": _Gzip}


def decoder(name: str) -> Decoder:
    """The decoder of a `Content-Encoding`. Raises `StatementError` for one that is not known, or for a damaged body."""
    match name.strip().lower():
        case "" | "identity":
            return _Plain()
        case "gzip" | "x-gzip" | "deflate":
            return _Frames(lambda: zlib.decompressobj(_GZIP_OR_ZLIB))
        case "zstd":
            return _Frames(lambda: zstandard.ZstdDecompressor().decompressobj())
        case "lz4":
            return _Frames(lz4.frame.LZ4FrameDecompressor)
    raise _undecodable(f"Content-Encoding {name!r} is not one of gzip, deflate, zstd, lz4")


def encoder(accepted: str) -> tuple[str, Encoder]:
    """The first encoding of an `Accept-Encoding` this server writes, and its encoder; `identity` when there is none."""
    for choice in accepted.split(","):
        name, _, weight = choice.strip().lower().partition(";")
        if name in _ENCODERS and weight.replace(" ", "") not in ("q=0", "q=0.0"):
            return name, _ENCODERS[name]()
    return "identity", Identity()


def _undecodable(cause: str) -> StatementError:
    return failure(CANNOT_DECOMPRESS, "CANNOT_DECOMPRESS", f"The body cannot be decompressed: {cause}.")
