"""Ids of imported events: the same event of the same source gets the same id in every file and every import."""

from collections.abc import Sequence
from hashlib import blake2b

REMEMBERED = 250_000
"""The contents per generation; two generations are kept. Equal lines further apart are a copied part of the
log.
"""


class EventIds:
    """Ids for the events of one file. Events with equal contents are numbered, so that each of them counts."""

    def __init__(self, project_id: str, source: str) -> None:
        self._prefix = blake2b(f"{project_id}\0{source}\0".encode(), digest_size=16)
        self._young: dict[bytes, int] = {}
        self._old: dict[bytes, int] = {}
        self.has_forgotten = False

    def of(self, contents: Sequence[str], *, is_unique: bool = False) -> list[str]:
        """Return a UUID (version 8) for each content. With `is_unique` the contents are ids, so equal contents are the
        same event.
        """
        return [self._id(content, is_unique=is_unique) for content in contents]

    def _id(self, content: str, *, is_unique: bool) -> str:
        hashed = self._prefix.copy()
        hashed.update(content.encode())
        digest = hashed.digest()
        if not is_unique and (count := self._count(digest)):
            hashed.update(b"\0%d" % count)
            digest = hashed.digest()
        text = digest.hex()
        return f"{text[:8]}-{text[8:12]}-8{text[13:16]}-a{text[17:20]}-{text[20:]}"

    def _count(self, digest: bytes) -> int:
        """Return how often the content came before, and count it."""
        count = self._young.get(digest)
        if count is None:
            count = self._old.get(digest, 0)
        self._young[digest] = count + 1
        if len(self._young) > REMEMBERED:
            self.has_forgotten = self.has_forgotten or bool(self._old)
            self._old, self._young = self._young, {}
        return count
