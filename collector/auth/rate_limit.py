"""How many events per minute of the clock a client may send from one address without its secret."""

from functools import lru_cache
from ipaddress import IPv6Address, ip_address

from collector.auth.rate_limit_store import SharedCounts
from event_lens.clock import Clock, now_ms
from event_lens.errors import Refused, Unavailable

MINUTE_MS = 60_000
MAX_SENDERS = 50_000
NETWORK_BITS = 64
"""These bits of an IPv6 address identify its owner, who may change the other bits with every request."""


class RateLimited(Refused):
    """Too many requests; the same request is accepted after `retry_after_seconds`."""

    code = "rate_limited"

    def __init__(self, message: str, retry_after_seconds: int) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class RateLimit:
    """Counts by client and address; IPv6 addresses count by their /64. `per_minute` 0 means no limit.

    Counts are kept in `shared` if it is given and answers. Otherwise they are kept in this process, which then accepts
    `own_share` events per minute. Memory is bounded: beyond 50,000 senders per minute the earliest are forgotten.
    """

    def __init__(
        self,
        per_minute: int,
        *,
        own_share: int | None = None,
        shared: SharedCounts | None = None,
        clock: Clock = now_ms,
    ) -> None:
        self._per_minute = per_minute
        self._own_share = per_minute if own_share is None else own_share
        self._shared = shared
        self._clock = clock
        self._minute = 0
        self._counts: dict[tuple[str, str], int] = {}

    async def take(self, client_id: str, address: str, events: int = 1) -> None:
        """Count all `events` of a request, or none. Raises `RateLimited`."""
        if not self._per_minute:
            return
        sender = (client_id, network_of(address))
        amount = max(1, events)
        limit, fits = self._own_share, None
        if self._shared is not None:
            try:
                fits = await self._shared.add(sender, self._clock() // MINUTE_MS, amount, self._per_minute)
                limit = self._per_minute
            except Unavailable:
                fits = None  # count in this process rather than refuse or lose events
        if fits is None:
            fits = self._add(sender, amount)
        if not fits:
            raise self._refusal(f"More than {limit} events in a minute from this address; slow down, or send a secret.")

    def check_failures(self, address: str) -> None:
        """Raise `RateLimited` when too many attempts from `address` failed in this minute."""
        if self._per_minute and self._count(("", network_of(address))) >= self._own_share:
            raise self._refusal("Too many refused requests from this address; mend its client id or secret.")

    def fail(self, address: str) -> None:
        """Count an attempt without valid credentials. Raises `RateLimited` when there were too many."""
        self.check_failures(address)
        if self._per_minute:
            self._add(("", network_of(address)), 1)

    def _count(self, sender: tuple[str, str]) -> int:
        minute = self._clock() // MINUTE_MS
        if minute != self._minute:
            self._minute = minute
            self._counts.clear()
        return self._counts.get(sender, 0)

    def _add(self, sender: tuple[str, str], amount: int) -> bool:
        count = self._count(sender) + amount
        if count > self._own_share:
            return False
        if sender not in self._counts and len(self._counts) >= MAX_SENDERS:
            del self._counts[next(iter(self._counts))]
        self._counts[sender] = count
        return True

    def _refusal(self, message: str) -> RateLimited:
        return RateLimited(message, retry_after_seconds=(MINUTE_MS - self._clock() % MINUTE_MS) // 1000 + 1)


@lru_cache(maxsize=4096)
def network_of(address: str) -> str:
    """Return the part of an address that its owner cannot choose freely: all of an IPv4 address, the /64 of an IPv6
    one.
    """
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return f"{IPv6Address(int(parsed) >> NETWORK_BITS << NETWORK_BITS)}/{NETWORK_BITS}"
