"""Counts that all workers and machines share, in Redis or a compatible server."""

import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import date
from hashlib import blake2b

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as ClosedConnectionError
from redis.exceptions import RedisError

from event_lens.errors import Unavailable
from event_lens.logs import get_log
from event_lens.metrics import metrics

log = get_log("rate")

ANSWER_WITHIN_SECONDS = 0.25
ASK_AGAIN_AFTER_SECONDS = 5.0
MAX_CONNECTIONS = 16

# One atomic step, so that two concurrent requests cannot both take the last place.
ADD_IF_FITS = """
local count = tonumber(redis.call('GET', KEYS[1]) or '0') + tonumber(ARGV[1])
if count > tonumber(ARGV[2]) then return 0 end
redis.call('SET', KEYS[1], count, 'EX', 120)
return 1
"""

Salts = Callable[[str], Awaitable[Mapping[date, str]]]


class SharedCounts:
    """Counts of events per sender and minute. A sender is stored only as a hash with the day's salt, and only for two
    minutes.

    After a failure the store is not asked for five seconds.
    """

    def __init__(self, url: str, salts: Salts) -> None:
        pool = BlockingConnectionPool.from_url(
            url,
            max_connections=MAX_CONNECTIONS,
            timeout=ANSWER_WITHIN_SECONDS,
            socket_timeout=ANSWER_WITHIN_SECONDS,
            socket_connect_timeout=ANSWER_WITHIN_SECONDS,
            # A kept connection may be closed by now. A late answer is not asked for again: it would be counted twice.
            retry=Retry(NoBackoff(), 1, supported_errors=(ClosedConnectionError,)),
        )
        self._redis = Redis.from_pool(pool)
        self._add_if_fits = self._redis.register_script(ADD_IF_FITS)
        self._salts = salts
        self._away_until = 0.0

    async def add(self, sender: tuple[str, str], minute: int, amount: int, limit: int) -> bool:
        """Add to the sender's count of `minute`, unless the count would then exceed `limit`; return whether it was
        added.

        Raises `Unavailable` when the store does not answer.
        """
        if time.monotonic() < self._away_until:
            raise _away()
        salts = await self._salts("daily")
        salt = salts[max(salts)].encode()
        digest = blake2b(f"{minute} {sender[0]} {sender[1]}".encode(), key=salt[:64], digest_size=16).hexdigest()
        try:
            return bool(await self._add_if_fits(keys=[f"eventlens:rate:{digest}"], args=[amount, limit]))
        except (RedisError, OSError) as error:
            self._away_until = time.monotonic() + ASK_AGAIN_AFTER_SECONDS
            metrics.count("eventlens_rate_store_failures_total")
            log.warning("rate_store_away", error=type(error).__name__)
            raise _away() from error

    async def close(self) -> None:
        await self._redis.aclose()


def _away() -> Unavailable:
    return Unavailable(
        "The store of the rate limit (EVENTLENS_RATE_LIMIT_STORE) does not answer; start it or correct its address.",
        code="rate_store_away",
    )
