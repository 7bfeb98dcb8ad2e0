"""ClickHouse's compressed blocks as drivers read them; the server makes those that tests send."""

import httpx
import lz4.block  # type: ignore[import-untyped]

# A hash of 16 bytes, then a byte for the codec, the size of the rest, and the size of the unpacked data.
_HASH, _HEAD = 16, 9
_LZ4 = 0x82


def unpacked(data: bytes) -> bytes:
    """What whole blocks hold; fails for a block that is cut off."""
    found = bytearray()
    while data:
        assert data[_HASH] == _LZ4
        size = int.from_bytes(data[_HASH + 1 : _HASH + 5], "little")
        holds = int.from_bytes(data[_HASH + 5 : _HASH + _HEAD], "little")
        assert len(data) >= _HASH + size
        found += lz4.block.decompress(data[_HASH + _HEAD : _HASH + size], uncompressed_size=holds)
        data = data[_HASH + size :]
    return bytes(found)


def packed(http: httpx.Client, data: bytes) -> bytes:
    """`data` in blocks as the server itself packs them, with its hashes."""
    form = {"query": (None, "SELECT unhex({data:String}) FORMAT RawBLOB"), "param_data": (None, data.hex())}
    answer = http.post("/", params={"compress": "1"}, files=form)
    assert answer.status_code == 200, answer.text
    return answer.content
