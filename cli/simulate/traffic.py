"""The traffic of some days as requests: visits in order of time, then the late, duplicate and malformed requests of
real networks.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from cli.simulate.visitors import CRAWLERS, Visitor, make_visitors
from cli.simulate.visits import SITE, make_visit

DAY_MS = 86_400_000
EVENTS_PER_VISITOR = 11
MAX_BATCH = 100
# Shares of visits: sent event by event, made by a crawler, delivered late, delivered twice.
ONE_BY_ONE = 0.15
BY_A_CRAWLER = 0.03
LATE = 0.04
TWICE = 0.03
BROKEN = 0.02
MALFORMED: tuple[Any, ...] = (
    b'{"type":"track","payload":{"name":"screen_view"',
    {"type": "telepathy", "payload": {"name": "screen_view"}},
    {"type": "track", "payload": {"properties": {"__path": f"{SITE}/"}}},
    {"type": "track", "payload": {"name": "n" * 300}},
    {"type": "track", "payload": {"name": "old", "timestamp": "1999-12-31T23:59:59Z"}},
)


@dataclass(frozen=True)
class Request:
    """One HTTP request: its path, body and credentials. `body` is a JSON value, or bytes that are not JSON."""

    path: str
    body: Any
    user_agent: str
    address: str
    is_from_server: bool
    event_count: int


@dataclass(frozen=True)
class Message:
    """One event to send: the time at which it happened (ms since the epoch) and the wire's `{type, payload}`."""

    at_ms: int
    body: dict[str, Any]
    is_from_server: bool


def make_traffic(events: int, days: int, seed: int, now_ms: int) -> Iterator[Request]:
    """Yield requests with exactly `events` events on the `days` up to `now_ms`; equal arguments give equal requests.

    Visits come in the order of their time, each as a batch or event by event; late visits come at the end. Some
    requests come twice with the same `messageId`s, and about one visit in 50 sends something malformed.
    """
    traffic = Traffic(days, seed, now_ms, make_visitors(Random(seed), max(1, events // EVENTS_PER_VISITOR)))
    order: list[tuple[bool, int, int]] = []
    left = events
    while left > 0:
        visit = traffic.visit(len(order))
        order.append((visit.is_late, visit.start_ms, len(order)))
        left -= sum(request.event_count for request in visit.requests)
    left = events
    for _, _, number in sorted(order):
        for request in traffic.visit(number).requests:
            if left:
                yield _cut(request, left)
                left -= min(left, request.event_count)


@dataclass(frozen=True)
class Visit:
    """One visit as the requests it sends."""

    start_ms: int
    is_late: bool
    requests: list[Request]


@dataclass(frozen=True)
class Traffic:
    """All visits of a seed. Each visit is computed from its number alone, so visits can be sorted without being kept in
    memory.
    """

    days: int
    seed: int
    now_ms: int
    visitors: list[Visitor]

    def visit(self, number: int) -> Visit:
        random = Random(f"{self.seed}-{number}")
        visitor = random.choices(self.visitors, [visitor.eagerness for visitor in self.visitors])[0]
        start_ms = _start_of_a_visit(random, self.days, self.now_ms)
        messages = _messages(random, visitor, start_ms, self.now_ms, f"{self.seed}-{number}")
        requests = list(_requests(random, visitor, messages))
        if random.random() < TWICE:
            requests += requests[-1:]
        if random.random() < BROKEN:
            body = random.choice(MALFORMED)
            requests.append(Request("/track", body, visitor.user_agent, visitor.address, False, 1))
        return Visit(start_ms, random.random() < LATE, requests)


def _start_of_a_visit(random: Random, days: int, now_ms: int) -> int:
    """Return a time (ms) in the last `days` days. There are more visits in the evening than at night, fewer at the
    weekend, and more from day to day.
    """
    while True:
        at_ms = now_ms - int(random.betavariate(1.0, 1.3) * days * DAY_MS) - 1
        hour = at_ms // 3_600_000 % 24
        weekday = (at_ms // DAY_MS + 3) % 7
        likely = (0.25 + 0.75 * max(0.0, 1 - abs(hour - 17) / 12)) * (0.7 if weekday > 4 else 1.0)
        if random.random() < likely:
            return at_ms


def _messages(random: Random, visitor: Visitor, start_ms: int, now_ms: int, prefix: str) -> list[Message]:
    messages: list[Message] = []
    for action in make_visit(random, visitor):
        at_ms = start_ms + int(action.after_seconds * 1000)
        if at_ms > now_ms:
            break
        payload = dict(action.payload)
        payload["timestamp"] = at_ms
        payload["messageId"] = f"{prefix}-{len(messages)}"
        if visitor.device_id and not (action.is_from_server and action.type != "track"):
            payload["deviceId"] = visitor.device_id
        messages.append(Message(at_ms, {"type": action.type, "payload": payload}, action.is_from_server))
    return messages


def _requests(random: Random, visitor: Visitor, messages: list[Message]) -> Iterator[Request]:
    is_crawler = random.random() < BY_A_CRAWLER
    agent = random.choice(CRAWLERS) if is_crawler else visitor.user_agent
    by_page = [message.body for message in messages if not message.is_from_server]
    if random.random() < ONE_BY_ONE:
        for body in by_page:
            yield Request("/track", body, agent, visitor.address, False, 1)
    else:
        for first in range(0, len(by_page), MAX_BATCH):
            batch = by_page[first : first + MAX_BATCH]
            yield Request("/track/batch", batch, agent, visitor.address, False, len(batch))
    if not is_crawler:
        for message in messages:
            if message.is_from_server:
                yield Request("/track", message.body, agent, visitor.address, True, 1)


def _cut(request: Request, left: int) -> Request:
    if request.event_count <= left:
        return request
    return Request(request.path, request.body[:left], request.user_agent, request.address, request.is_from_server, left)
