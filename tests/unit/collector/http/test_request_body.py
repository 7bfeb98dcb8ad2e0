"""Bodies: read within limits of size, time and memory, and unpacked within the same."""

import asyncio
import gzip
import tracemalloc
import zlib
from collections.abc import Mapping
from typing import Any

import pytest

from collector.http.request_body import MAX_HELD_BYTES, Held, read_body
from event_lens.contract.limits import MAX_BODY_BYTES
from event_lens.errors import EventLensError

TEXT = b'{"type":"track","payload":{"name":"a"}}'


def read(*pieces: bytes, is_whole: bool = True, **headers: str) -> bytes:
    """What `read_body` makes of a body that comes in `pieces`; one that is not whole ends with the connection."""
    messages: list[Mapping[str, Any]] = [
        {"type": "http.request", "body": piece, "more_body": not is_whole or number < len(pieces) - 1}
        for number, piece in enumerate(pieces)
    ]
    messages.append({"type": "http.disconnect"})
    coming = iter(messages)

    async def receive() -> Mapping[str, Any]:
        return next(coming)

    sent = {name.replace("_", "-").encode(): value.encode() for name, value in headers.items()}
    return asyncio.run(read_body(receive, sent))


def refusal(*pieces: bytes, is_whole: bool = True, **headers: str) -> str:
    with pytest.raises(EventLensError) as caught:
        read(*pieces, is_whole=is_whole, **headers)
    return caught.value.code


UNPACKED = [
    ("gzip", gzip.compress(TEXT, mtime=0)),
    ("GZIP", gzip.compress(TEXT, mtime=0)),
    (" x-gzip ", gzip.compress(TEXT, mtime=0)),
    ("deflate", zlib.compress(TEXT)),
    ("identity", TEXT),
    ("", TEXT),
]
REFUSED = [
    ("gzip", gzip.compress(TEXT, mtime=0)[:-6], "body_not_decompressed"),
    ("gzip", gzip.compress(TEXT, mtime=0)[:5], "body_not_decompressed"),
    ("gzip", gzip.compress(TEXT, mtime=0) + b"more", "body_not_decompressed"),
    ("gzip", gzip.compress(TEXT, mtime=0)[:-8] + b"\0" * 8, "body_not_decompressed"),
    ("gzip", TEXT, "body_not_decompressed"),
    ("gzip", b"", "body_not_decompressed"),
    ("gzip", zlib.compress(TEXT), "body_not_decompressed"),
    ("deflate", gzip.compress(TEXT, mtime=0), "body_not_decompressed"),
    ("gzip, gzip", gzip.compress(gzip.compress(TEXT, mtime=0), mtime=0), "encoding_unknown"),
    ("br", TEXT, "encoding_unknown"),
    ("zstd", TEXT, "encoding_unknown"),
    ("\x7f\xe9", TEXT, "encoding_unknown"),
]


@pytest.mark.parametrize(("encoding", "packed"), UNPACKED)
def test_a_packed_body_is_unpacked(encoding: str, packed: bytes) -> None:
    assert read(packed, content_encoding=encoding) == TEXT
    assert read(packed[:7], packed[7:], content_encoding=encoding) == TEXT


@pytest.mark.parametrize(("encoding", "packed", "code"), REFUSED)
def test_a_body_that_cannot_be_unpacked_is_refused(encoding: str, packed: bytes, code: str) -> None:
    assert refusal(packed, content_encoding=encoding) == code


def test_a_body_packed_twice_is_unpacked_once() -> None:
    assert read(gzip.compress(gzip.compress(TEXT, mtime=0), mtime=0), content_encoding="gzip")[:2] == b"\x1f\x8b"


def test_the_limit_is_exact_whole_or_in_pieces() -> None:
    exact = b" " * MAX_BODY_BYTES
    assert len(read(exact)) == len(read(exact[1:], b" ")) == MAX_BODY_BYTES
    assert len(read(gzip.compress(exact, mtime=0), content_encoding="gzip")) == MAX_BODY_BYTES
    assert refusal(exact + b" ") == refusal(exact, b" ") == refusal(b" ", exact, b"") == "body_too_large"
    assert refusal(gzip.compress(exact + b" ", mtime=0), content_encoding="gzip") == "body_too_large"


def test_a_promise_of_gigabytes_is_refused_before_anything_is_read() -> None:
    assert refusal(is_whole=False, content_length="5000000000") == "body_too_large"


def test_a_bomb_takes_no_more_memory_than_the_limit() -> None:
    bomb = gzip.compress(b"\0" * (256 << 20), 9)
    assert len(bomb) < MAX_BODY_BYTES
    tracemalloc.start()
    assert refusal(bomb, content_encoding="gzip") == "body_too_large"
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 * MAX_BODY_BYTES


def test_a_body_that_ends_early_and_a_body_that_comes_late_have_different_errors(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert refusal(TEXT, is_whole=False) == "body_not_whole"
    monkeypatch.setattr("collector.http.request_body.BODY_SECONDS", 0.2)

    async def drip() -> Mapping[str, Any]:
        await asyncio.sleep(0.05)
        return {"type": "http.request", "body": b" ", "more_body": True}

    with pytest.raises(EventLensError) as caught:
        asyncio.run(read_body(drip, {}))
    assert caught.value.code == "body_too_slow"


def test_held_bytes_are_released_however_a_body_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    read(TEXT, TEXT)
    refusal(TEXT, TEXT, is_whole=False)
    refusal(b" " * MAX_BODY_BYTES, b" ")
    assert Held.total == 0
    monkeypatch.setattr(Held, "total", MAX_HELD_BYTES)
    assert refusal(TEXT, TEXT) == "bodies_waiting"
    assert read(TEXT) == TEXT
    assert Held.total == MAX_HELD_BYTES
