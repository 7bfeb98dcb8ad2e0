"""Ids of events: assigned before the spool, equal for a message that is sent again."""

import os
from collections.abc import Iterator
from hashlib import blake2b
from itertools import product

THREE_DIGITS = tuple(f"{number:03x}" for number in range(4096))


def random_uuids() -> Iterator[str]:
    """Yield UUIDs (version 8): 74 random bits of this process and a counter, so that the UUIDs sort by arrival."""
    text = os.urandom(10).hex()
    head = f"{text[:8]}-{text[8:12]}-8{text[13:16]}-a{text[17:20]}-"
    # Counts as `%012x` would, in a third of the time.
    return map("".join, product((head,), *[THREE_DIGITS] * 4))


def message_uuid(project_id: str, message_id: str) -> str:
    """Return the event id of a message: a UUID (version 8) from the hash of project and message id."""
    return _uuid("message", project_id, message_id)


def replay_uuid(project_id: str, batch_id: str, row: int, number: int) -> str:
    """Return the event id for an event that is replayed from quarantine: it follows from the quarantined row and the
    event's place in that row.
    """
    return _uuid("replay", project_id, batch_id, str(row), str(number))


def short_hash(data: bytes) -> int:
    """Return a hash of 64 bits, never 0."""
    return int.from_bytes(blake2b(data, digest_size=8).digest(), "big") or 1


def _uuid(*parts: str) -> str:
    text = blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
    return f"{text[:8]}-{text[8:12]}-8{text[13:16]}-a{text[17:20]}-{text[20:]}"
