"""A limit on the time in which a body has to come, so that half a request does not hold its connection for ever."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from event_lens.errors import Refused

BODY_SECONDS = 20.0

Receive = Callable[[], Awaitable[dict[str, Any]]]


def receive_in_time(receive: Receive) -> Receive:
    """Return `receive`, which raises `Refused` (`body_too_slow`) when the body is not whole in time from its first call
    on. After the body it waits without a limit, for the client to disconnect.
    """
    ends_at, is_whole = 0.0, False

    async def receive_next() -> dict[str, Any]:
        nonlocal ends_at, is_whole
        if is_whole:
            return await receive()
        ends_at = ends_at or asyncio.get_running_loop().time() + BODY_SECONDS
        try:
            async with asyncio.timeout_at(ends_at):
                message = await receive()
        except TimeoutError:
            raise Refused("The body did not come in time; send it again.", code="body_too_slow") from None
        is_whole = not message.get("more_body", False)
        return message

    return receive_next
