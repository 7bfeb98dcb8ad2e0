"""A limit on failures: an address with too many failures within a minute may not try further unknown keys."""

from collections import OrderedDict, deque
from collections.abc import Callable

from event_lens.errors import Unavailable

WITHIN_SECONDS = 60.0
MAX_ADDRESSES = 10_000
TOO_MANY_FAILURES = "keys_limited"


class FailureLimit:
    """Counts failures per address, for the addresses with the most recent failures. Use it in one thread only."""

    def __init__(self, max_failures: int, timer: Callable[[], float]) -> None:
        self._max_failures = max_failures
        self._timer = timer
        self._failures: OrderedDict[str, deque[float]] = OrderedDict()

    def check(self, address: str) -> None:
        """Raise `Unavailable` (`keys_limited`) when `address` has failed too often; 0 means no limit."""
        failures = self._failures.get(address, deque())
        if not self._max_failures or len(failures) < self._max_failures:
            return
        wait_seconds = round(failures[0] + WITHIN_SECONDS - self._timer())
        if wait_seconds > 0:
            raise Unavailable(
                f"Too many wrong keys or passwords came from here; try again in {wait_seconds} seconds.",
                code=TOO_MANY_FAILURES,
                retry_after_seconds=wait_seconds,
            )

    def count(self, address: str) -> None:
        """Note a failure of `address`."""
        self._failures.setdefault(address, deque(maxlen=self._max_failures)).append(self._timer())
        self._failures.move_to_end(address)
        while len(self._failures) > MAX_ADDRESSES:
            self._failures.popitem(last=False)
