"""A small place database with flat records, in MaxMind's binary format (version 2), as a file."""

import struct
from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

Value = str | float | bytes | Mapping[str, "Value"] | list["Value"]  # bytes are encoded already

MARKER = b"\xab\xcd\xefMaxMind.com"
BITS = 128
EMPTY = -1
SEPARATOR = 16


def write_database(path: Path, records: Mapping[str, Mapping[str, Value]], kind: str = "country ipvAll") -> None:
    """`records` are by network, none within another; IPv4 lies at `::/96`, as the format has it."""
    nodes: list[list[int]] = [[EMPTY, EMPTY]]
    leaves: dict[tuple[int, int], int] = {}
    data = b""
    for network, record in records.items():
        prefix, length = _bits(ip_network(network))
        node = 0
        for depth in range(length - 1):
            side = prefix >> (BITS - 1 - depth) & 1
            if nodes[node][side] == EMPTY:
                nodes.append([EMPTY, EMPTY])
                nodes[node][side] = len(nodes) - 1
            node = nodes[node][side]
        leaves[node, prefix >> (BITS - length) & 1] = len(data)
        data += _encode(record)
    count = len(nodes)
    tree = b""
    for node, sides in enumerate(nodes):
        for side, child in enumerate(sides):
            empty_or_node = count if child == EMPTY else child
            leaf = leaves.get((node, side))
            tree += struct.pack(">I", empty_or_node if leaf is None else count + SEPARATOR + leaf)
    metadata: dict[str, Value] = {
        "binary_format_major_version": _unsigned(5, 2, 2),
        "binary_format_minor_version": _unsigned(5, 2, 0),
        "build_epoch": _unsigned(9, 8, 1_700_000_000),
        "database_type": kind,
        "description": {},
        "ip_version": _unsigned(5, 2, 6),
        "languages": [],
        "node_count": _unsigned(6, 4, count),
        "record_size": _unsigned(5, 2, 32),
    }
    path.write_bytes(tree + bytes(SEPARATOR) + data + MARKER + _encode(metadata))


def _bits(network: IPv4Network | IPv6Network) -> tuple[int, int]:
    return int(network.network_address), network.prefixlen + (96 if network.version == 4 else 0)


def _encode(value: Value) -> bytes:
    if isinstance(value, str):
        raw = value.encode()
        return _control(2, len(raw)) + raw
    if isinstance(value, float):
        return _control(3, 8) + struct.pack(">d", value)
    if isinstance(value, bytes):
        return value
    if isinstance(value, list):
        return _control(11, len(value)) + b"".join(map(_encode, value))
    return _control(7, len(value)) + b"".join(_encode(name) + _encode(item) for name, item in value.items())


def _unsigned(kind: int, size: int, value: int) -> bytes:
    return _control(kind, size) + value.to_bytes(size, "big")


def _control(kind: int, size: int) -> bytes:
    first, more = (size, b"") if size < 29 else (29, bytes([size - 29]))
    return bytes([kind << 5 | first]) + more if kind < 8 else bytes([first, kind - 7]) + more
