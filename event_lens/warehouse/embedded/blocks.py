"""ClickHouse's own compressed blocks, as `compress=1` and `decompress=1` mean them: how the JDBC driver talks.

A block is a checksum of 16 bytes over all that follows, a method byte, the size with this head and the size unpacked
(4 bytes each, little endian), and the packed bytes.
"""

from collections.abc import Iterator
from struct import Struct

import lz4.block  # type: ignore[import-untyped]
import zstandard

from event_lens.warehouse.embedded.cityhash import cityhash128
from event_lens.warehouse.embedded.failure import CANNOT_DECOMPRESS, StatementError, failure

_CHECKSUM_BYTES = 16
_HEAD = Struct("<BII")
_PLAIN, _LZ4, _ZSTD = 0x02, 0x82, 0x90
_LARGEST_BLOCK_BYTES = 1 << 26
_OUR_BLOCK_BYTES = 1 << 17


class BlockDecoder:
    """Unpacks blocks of any method from pieces of any size. Raises `StatementError` for damaged and for huge ones."""

    def __init__(self) -> None:
        self._held = bytearray()

    def decode(self, piece: bytes) -> Iterator[bytes]:
        self._held += piece
        while (end := self._end_of_block()) is not None:
            block = bytes(self._held[:end])
            del self._held[:end]
            yield _unpacked(block)

    def check_end(self) -> None:
        if self._held:
            raise _damaged("the last block ends too early")

    def _end_of_block(self) -> int | None:
        if len(self._held) < _CHECKSUM_BYTES + _HEAD.size:
            return None
        _, size, unpacked_size = _HEAD.unpack_from(self._held, _CHECKSUM_BYTES)
        if not _HEAD.size <= size <= _LARGEST_BLOCK_BYTES or unpacked_size > _LARGEST_BLOCK_BYTES:
            raise _damaged("it does not begin with the head of a block")
        end = _CHECKSUM_BYTES + size
        return end if len(self._held) >= end else None


class BlockEncoder:
    """Packs what it is given into LZ4 blocks."""

    def __init__(self) -> None:
        self._held = bytearray()

    def encode(self, piece: bytes) -> bytes:
        self._held += piece
        out = bytearray()
        while len(self._held) >= _OUR_BLOCK_BYTES:
            out += _packed(bytes(self._held[:_OUR_BLOCK_BYTES]))
            del self._held[:_OUR_BLOCK_BYTES]
        return bytes(out)

    def finish(self) -> bytes:
        return _packed(bytes(self._held)) if self._held else b""


def _packed(data: bytes) -> bytes:
    packed: bytes = lz4.block.compress(data, store_size=False)
    body = _HEAD.pack(_LZ4, _HEAD.size + len(packed), len(data)) + packed
    return cityhash128(body) + body


def _unpacked(block: bytes) -> bytes:
    method, _, size = _HEAD.unpack_from(block, _CHECKSUM_BYTES)
    if cityhash128(block[_CHECKSUM_BYTES:]) != block[:_CHECKSUM_BYTES]:
        raise _damaged("the checksum of a block is wrong")
    packed = block[_CHECKSUM_BYTES + _HEAD.size :]
    try:
        data = _decompressed(method, packed, size)
    except (lz4.block.LZ4BlockError, zstandard.ZstdError) as error:
        raise _damaged(str(error)) from error
    if len(data) != size:
        raise _damaged(f"a block holds {len(data)} bytes where its head says {size}")
    return data


def _decompressed(method: int, packed: bytes, size: int) -> bytes:
    if method == _LZ4:
        return bytes(lz4.block.decompress(packed, uncompressed_size=size))
    if method == _ZSTD:
        return zstandard.ZstdDecompressor().decompress(packed, max_output_size=size)
    if method == _PLAIN:
        return packed
    raise _damaged(f"0x{method:02x} is not the method of LZ4, ZSTD or plain blocks")


def _damaged(cause: str) -> StatementError:
    return failure(CANNOT_DECOMPRESS, "CANNOT_DECOMPRESS", f"The blocks of decompress=1 cannot be read: {cause}.")
