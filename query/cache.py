"""The cache: rows that were read from the warehouse, by statement. Its size in bytes is limited."""

import pickle
import threading
from collections import OrderedDict
from dataclasses import dataclass
from hashlib import sha256

from query.statement import Row, Statement

MAX_CACHE_BYTES = 64 << 20
# One answer must not drive out all others.
MAX_SHARE = 8
KEPT_MS = 300_000
# Python's memory for one entry in addition to its rows: the key, the entry, their place in the dictionary.
ENTRY_BYTES = 512


@dataclass(frozen=True, slots=True)
class Kept:
    """The rows of one statement, pickled: they take a tenth of the memory of the objects, and their size is known
    exactly.
    """

    packed: bytes
    kept_at: int

    @property
    def size(self) -> int:
        return len(self.packed) + ENTRY_BYTES


class Cache:
    """Rows by statement, of one version of the tables at a time. Safe to use from several threads."""

    def __init__(self, max_bytes: int = MAX_CACHE_BYTES) -> None:
        self._max_bytes = max_bytes
        self._kept: OrderedDict[bytes, Kept] = OrderedDict()
        self._version: int | None = None
        self._bytes = 0
        self._lock = threading.Lock()

    @property
    def byte_count(self) -> int:
        """Return the bytes that all entries take together, never more than the limit."""
        return self._bytes

    def rows(self, statement: Statement, version: int, now_ms: int) -> list[Row] | None:
        """Return the cached rows of `statement`; None when the cache has none, or has rows of another version or rows
        that are at least five minutes old.
        """
        with self._lock:
            kept = self._kept.get(_key(statement)) if version == self._version else None
        if kept is None or now_ms - kept.kept_at >= KEPT_MS:
            return None
        rows: list[Row] = pickle.loads(kept.packed)  # noqa: S301 -- packed below, and never out of this process
        return rows

    def keep(self, statement: Statement, version: int, now_ms: int, rows: list[Row]) -> None:
        """Cache `rows`. Drop the oldest entries when the bytes would exceed the limit, and all entries of another
        version. Rows too large for the cache are not cached.
        """
        kept = Kept(pickle.dumps(rows, pickle.HIGHEST_PROTOCOL), now_ms)
        with self._lock:
            if version != self._version:
                self._kept.clear()
                self._version, self._bytes = version, 0
            key = _key(statement)
            self._drop(self._kept.pop(key, None))
            if kept.size > self._max_bytes // MAX_SHARE:
                return
            self._kept[key] = kept
            self._bytes += kept.size
            while self._bytes > self._max_bytes:
                self._drop(self._kept.popitem(last=False)[1])

    def _drop(self, kept: Kept | None) -> None:
        self._bytes -= kept.size if kept is not None else 0


def _key(statement: Statement) -> bytes:
    """Return a hash of the statement, because statements with many filters are long."""
    return sha256(repr(statement.key).encode("utf-8", "surrogatepass")).digest()
