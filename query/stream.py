"""A stream of changes: the current number of visitors, and each build with new data."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec

from event_lens.clock import Clock
from query.fair_queue import FairQueue
from query.freshness import as_instant
from query.presence import ClientGoneError, Receive, in_thread, while_connected
from query.report_context import ProjectScope
from query.reports.live import live
from query.runner import Answers

Send = Callable[[Any], Awaitable[None]]

STREAMS_AT_ONCE = 32
# Clients that hung up give their places back a moment later.
WAIT_SECONDS = 1.0
THREADS = 2
LOOKS_EVERY_SECONDS = 2.0
# Proxies close a connection that is silent for a minute or less.
SPEAKS_EVERY_SECONDS = 15.0
# Browsers reconnect by themselves. So a revoked key is noticed, and a stopping service does not wait long.
ENDS_AFTER_SECONDS = 900.0
HEADERS = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"x-accel-buffering", b"no")]


class Streams:
    """The streams of one process: a limited number at a time, shared fairly between projects."""

    def __init__(
        self,
        answers_of: Callable[[ProjectScope], Answers],
        clock: Clock,
        *,
        looks_every_seconds: float = LOOKS_EVERY_SECONDS,
        ends_after_seconds: float = ENDS_AFTER_SECONDS,
    ) -> None:
        self._answers_of = answers_of
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="stream")
        self._clock = clock
        self._looks_every_seconds = looks_every_seconds
        self._ends_after_seconds = ends_after_seconds
        self._places = FairQueue(STREAMS_AT_ONCE, wait_seconds=WAIT_SECONDS)

    async def send(self, subject: ProjectScope, receive: Receive, send: Send) -> None:
        """Send `subject`'s changes as server-sent events until the client disconnects, for at most a quarter of an
        hour.

        Raises `Unavailable` before anything is sent. The stream ends when the warehouse becomes unreachable.
        """
        try:
            await while_connected(receive, self._send(subject, send))
        except ClientGoneError:
            return

    async def _send(self, subject: ProjectScope, send: Send) -> None:
        async with self._places.place(subject.project_id):
            changes = self._changes(subject)
            piece = await anext(changes)
            await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            async for piece in changes:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _changes(self, subject: ProjectScope) -> AsyncIterator[bytes]:
        loop = asyncio.get_running_loop()
        started = spoke_at = loop.time()
        told: dict[str, Any] = {}
        while loop.time() - started < self._ends_after_seconds:
            seen = await in_thread(self._threads, lambda: self._look(subject))
            for name, (state, data) in seen.items():
                if name not in told or told[name] != state:
                    told[name] = state
                    spoke_at = loop.time()
                    yield _event(name, data)
            if loop.time() - spoke_at >= SPEAKS_EVERY_SECONDS:
                spoke_at = loop.time()
                yield b":\n\n"
            await asyncio.sleep(self._looks_every_seconds)

    def _look(self, subject: ProjectScope) -> dict[str, tuple[object, dict[str, Any]]]:
        """Return the current state by event name: the value whose change triggers the event, and the data that the
        event sends.
        """
        answers = self._answers_of(subject)
        freshness = answers.freshness()
        through = freshness.complete_through_of(subject.project_id)
        visitors = answers.answer(live(subject, self._clock()))["data"]
        # `completeThrough` advances by itself; new data comes with a build.
        built = {"completeThrough": None if through is None else as_instant(through)}
        return {"live": (visitors, visitors), "data": (freshness.version, built)}


def _event(name: str, data: dict[str, Any]) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (name.encode(), msgspec.json.encode(data))
