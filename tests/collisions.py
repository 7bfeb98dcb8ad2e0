"""Texts that ClickHouse's tables of texts cannot tell apart by their hash, a CRC-32C, as a sender can make them."""

from random import Random

ALPHABET = b"abcdefghijklmnopqrstuvwxyz0123456789"
POLYNOMIAL = 0x82F63B78
BLOCK = 8


def texts_of_one_crc(count: int) -> list[str]:
    """`count` texts of one length and one CRC-32C, whatever stands before them.

    Each is a choice of one of two blocks at every place. Two blocks that have one CRC from zero have one from every
    start, because a CRC is linear; among some hundred thousand blocks there are such pairs.
    """
    places = max(1, (count - 1).bit_length()) + 1
    pairs = _pairs(places)
    return [b"".join(pair[number >> place & 1] for place, pair in enumerate(pairs)).decode() for number in range(count)]


def _pairs(count: int) -> list[tuple[bytes, bytes]]:
    table, random = _table(), Random(1)
    pairs: list[tuple[bytes, bytes]] = []
    seen: dict[int, bytes] = {}
    while len(pairs) < count:
        block = bytes(random.choices(ALPHABET, k=BLOCK))
        crc = 0
        for byte in block:
            crc = crc >> 8 ^ table[(crc ^ byte) & 255]
        other = seen.setdefault(crc, block)
        if other != block:
            pairs.append((other, block))
            del seen[crc]
    return pairs


def _table() -> list[int]:
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (POLYNOMIAL if value & 1 else 0)  # noqa: PLW2901
        table.append(value)
    return table
