"""How often a client may send from an address without its secret: so many requests in each minute of the clock."""

from event_lens.clock import Clock, now_ms
from event_lens.errors import Refused

MINUTE_MS = 60_000
MOST_SENDERS = 100_000


class RateLimited(Refused):
    """Too many requests; the same one is taken after `retry_after_seconds`."""

    code = "rate_limited"

    def __init__(self, message: str, retry_after_seconds: int) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class RateLimit:
    """Counts requests by client and address in one process; a batch counts once. `per_minute` 0 lets all pass.

    Memory is bounded: past 100,000 senders in a minute newcomers share one count.
    """

    def __init__(self, per_minute: int, clock: Clock = now_ms) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._minute = 0
        self._counts: dict[tuple[str, str], int] = {}

    def take(self, client_id: str, address: str) -> None:
        """Counts a request. Raises `RateLimited`."""
        if not self._per_minute:
            return
        minute, into_ms = divmod(self._clock(), MINUTE_MS)
        if minute != self._minute:
            self._minute = minute
            self._counts.clear()
        sender = (client_id, address)
        if sender not in self._counts and len(self._counts) >= MOST_SENDERS:
            sender = ("", "")
        count = self._counts[sender] = self._counts.get(sender, 0) + 1
        if count > self._per_minute:
            raise RateLimited(
                f"More than {self._per_minute} requests in a minute from this address; slow down, or send the secret.",
                retry_after_seconds=(MINUTE_MS - into_ms) // 1000 + 1,
            )
