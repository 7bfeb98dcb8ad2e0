"""The keys of one process: a right key is remembered for a second, and attempts with wrong keys are limited."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256

from event_lens.errors import Refused
from event_lens.failure_limit import FailureLimit
from event_lens.registry.database import Registry
from query.auth import Reader, find_reader, sent_key
from query.errors import UNAUTHORIZED

KEPT_SECONDS = 1.0
"""How long a revoked key can still read."""
KNOWN_SECONDS = 3600.0
"""How long a key that was right may still be tried from an address that sent too many wrong keys."""
MAX_KEYS = 10_000


@dataclass(frozen=True, slots=True)
class Known:
    """A key that was right, and the time at which the registry last confirmed it."""

    reader: Reader
    asked_at: float


class Keys:
    """Finds the project and rights of a key, within one event loop. The registry is asked in a thread."""

    def __init__(self, registry: Registry, max_failures: int, timer: Callable[[], float] = time.monotonic) -> None:
        self._registry = registry
        self._timer = timer
        self._failures = FailureLimit(max_failures, timer)
        self._known: OrderedDict[bytes, Known] = OrderedDict()

    async def find(self, headers: Mapping[str, str], address: str) -> Reader:
        """Return the project and rights of the key in `headers` (names in lower case).

        Raises as `find_reader` does. Also raises `Unavailable` (`keys_limited`) when `address` has sent too many wrong
        keys and this key was not confirmed recently.
        """
        client_id, secret = sent_key(headers)
        digest = sha256(f"{client_id}\0{secret}".encode("utf-8", "surrogatepass")).digest()
        known = self._known.get(digest)
        if known is not None and self._timer() - known.asked_at < KEPT_SECONDS:
            return known.reader
        if known is None or self._timer() - known.asked_at >= KNOWN_SECONDS:
            self._failures.check(address)
        asked_at = self._timer()
        try:
            reader = await asyncio.to_thread(find_reader, self._registry, client_id, secret)
        except Refused as refused:
            self._known.pop(digest, None)
            if refused.code == UNAUTHORIZED:
                self._failures.count(address)
            raise
        self._known[digest] = Known(reader, asked_at)
        self._known.move_to_end(digest)
        while len(self._known) > MAX_KEYS:
            self._known.popitem(last=False)
        return reader
