"""CityHash128 of version 1.0.2, the checksum that ClickHouse puts before each of its compressed blocks.

The formulas are those of Google's CityHash, under the MIT license; later versions of it give other values.
"""

from struct import iter_unpack, unpack_from

_K0 = 0xC3A5C85C97CB3127
_K1 = 0xB492B66FBE98F273
_K2 = 0x9AE16A3B2F90404F
_K3 = 0xC949D7C7509E6557
_MUL = 0x9DDFEA08EB382D69
_ALL = (1 << 64) - 1
_LONG = 128


def cityhash128(data: bytes) -> bytes:
    """The hash of `data` as 16 bytes, low half first. Takes about 0.1 s for a megabyte."""
    size = len(data)
    if size >= 16:
        low, high = _hash(data[16:], _word(data, 0) ^ _K3, _word(data, 8))
    elif size >= 8:
        low, high = _hash(b"", _word(data, 0) ^ (size * _K0 & _ALL), _word(data, size - 8) ^ _K1)
    else:
        low, high = _hash(data, _K0, _K1)
    return low.to_bytes(8, "little") + high.to_bytes(8, "little")


def _hash(data: bytes, low: int, high: int) -> tuple[int, int]:
    return _hash_long(data, low, high) if len(data) >= _LONG else _hash_short(data, low, high)


def _hash_long(data: bytes, x: int, y: int) -> tuple[int, int]:
    z = len(data) * _K1 & _ALL
    v1 = _turn(y ^ _K1, 49) * _K1 + _word(data, 0) & _ALL
    v2 = _turn(v1, 42) * _K1 + _word(data, 8) & _ALL
    w1 = _turn(y + z & _ALL, 35) * _K1 + x & _ALL
    w2 = _turn(x + _word(data, 88) & _ALL, 53) * _K1 & _ALL
    rest = len(data) % _LONG
    whole = memoryview(data)[: len(data) - rest]
    for s0, s1, s2, s3, s4, s5, s6, s7 in iter_unpack("<8Q", whole):
        x = _turn(x + y + v1 + s2 & _ALL, 37) * _K1 & _ALL ^ w2
        y = _turn(y + v2 + s6 & _ALL, 42) * _K1 & _ALL ^ v1
        z = _turn(z ^ w1, 33)
        v1, v2 = _weak(s0, s1, s2, s3, v2 * _K1, x + w1)
        w1, w2 = _weak(s4, s5, s6, s7, z + w2, y)
        z, x = x, z
    y = y + _turn(w1, 37) * _K0 + z & _ALL
    x = x + _turn(v1 + z & _ALL, 49) * _K0 & _ALL
    # The last groups of 32 bytes, from the end; the first of them may reach back into what was hashed.
    for at in range(len(data) - 32, len(data) - rest - 32, -32):
        s0, s1, s2, s3 = unpack_from("<4Q", data, at)
        y = _turn(y - x & _ALL, 42) * _K0 + v2 & _ALL
        w1 = w1 + s2 & _ALL
        x = _turn(x, 49) * _K0 + w1 & _ALL
        w1 = w1 + v1 & _ALL
        v1, v2 = _weak(s0, s1, s2, s3, v1, v2)
    x, y = _mixed(x, v1), _mixed(y, w1)
    return _mixed(x + v2 & _ALL, w2) + y & _ALL, _mixed(x + w2 & _ALL, y + v2 & _ALL)


def _hash_short(data: bytes, a: int, b: int) -> tuple[int, int]:
    size = len(data)
    if size <= 16:
        a = _folded(a * _K1 & _ALL) * _K1 & _ALL
        c = b * _K1 + _hash_tiny(data) & _ALL
        d = _folded(a + (_word(data, 0) if size >= 8 else c) & _ALL)
    else:
        c = _mixed(_word(data, size - 8) + _K1 & _ALL, a)
        d = _mixed(b + size & _ALL, c + _word(data, size - 16) & _ALL)
        a = a + d & _ALL
        for at in range(0, size - 16, 16):
            a = (a ^ _folded(_word(data, at) * _K1 & _ALL) * _K1 & _ALL) * _K1 & _ALL
            b ^= a
            c = (c ^ _folded(_word(data, at + 8) * _K1 & _ALL) * _K1 & _ALL) * _K1 & _ALL
            d ^= c
    a, b = _mixed(a, c), _mixed(d, b)
    return a ^ b, _mixed(b, a)


def _hash_tiny(data: bytes) -> int:
    size = len(data)
    if size > 8:
        a, b = _word(data, 0), _word(data, size - 8)
        return _mixed(a, _turn(b + size & _ALL, size)) ^ b
    if size >= 4:
        (a,), (b,) = unpack_from("<I", data), unpack_from("<I", data, size - 4)
        return _mixed(size + (a << 3) & _ALL, b)
    if size > 0:
        y = data[0] + (data[size >> 1] << 8)
        z = size + (data[-1] << 2)
        return _folded(y * _K2 & _ALL ^ z * _K3 & _ALL) * _K2 & _ALL
    return _K2


def _word(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 8], "little")


def _turn(value: int, by: int) -> int:
    return (value >> by | value << 64 - by) & _ALL


def _folded(value: int) -> int:
    return value ^ value >> 47


def _mixed(low: int, high: int) -> int:
    a = _folded((low ^ high) * _MUL & _ALL)
    b = _folded((high ^ a) * _MUL & _ALL)
    return b * _MUL & _ALL


def _weak(s0: int, s1: int, s2: int, s3: int, a: int, b: int) -> tuple[int, int]:
    a = a + s0 & _ALL
    b = _turn(b + a + s3 & _ALL, 21)
    c = a
    a = a + s1 + s2 & _ALL
    return a + s3 & _ALL, b + _turn(a, 44) + c & _ALL
