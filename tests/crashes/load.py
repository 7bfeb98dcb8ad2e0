"""Traffic that keeps book: what was sent how often, and what was acknowledged."""

import json
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from typing import Any

from tests.crashes.components import Sender

TRIES = 4
"""As the published SDKs do: a message is sent at most four times, then given up."""
FIRST_WAIT_SECONDS = 0.1
TIMEOUT_SECONDS = 20.0


@dataclass
class Book:
    """Message ids by how often they were sent, and those acknowledged; what was refused, by status."""

    sent: Counter[str] = field(default_factory=Counter)
    acknowledged: set[str] = field(default_factory=set)
    rejected_sent: int = 0
    rejected_acknowledged: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    without_retry_after: int = 0
    """503s that did not say when to come again."""
    lock: threading.Lock = field(default_factory=threading.Lock)


@dataclass
class Message:
    """One request: its path and body, the message ids in it, and how many of its items must be rejected."""

    path: str
    body: bytes
    ids: list[str]
    bad: int = 0


class Load:
    """Senders in threads, each with a connection to one of `ports`, until they are told to stop."""

    def __init__(self, ports: list[int], sender: Sender, seed: int, *, threads: int = 6, pause: float = 0.002) -> None:
        self.book = Book()
        self._ports = ports
        self._sender = sender
        self._seed = seed
        self._pause = pause
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._send_until_stopped, args=(n,)) for n in range(threads)]

    @contextmanager
    def running(self) -> Iterator[Book]:
        """Sends inside the block; at its end every sender has finished or given up its last message."""
        for thread in self._threads:
            thread.start()
        try:
            yield self.book
        finally:
            self._stopping.set()
            for thread in self._threads:
                thread.join()

    def _send_until_stopped(self, number: int) -> None:
        chance = random.Random(f"{self._seed}-{number}")
        line = Line(self._ports[number % len(self._ports)], self._sender)
        count = 0
        while not self._stopping.is_set():
            count += 1
            message = _message(f"{self._seed}-{number}-{count}", chance)
            is_acknowledged = self._deliver(line, message)
            if is_acknowledged and chance.random() < 0.03:
                self._deliver(line, message)  # a client that did not believe the answer
            time.sleep(self._pause)
        line.close()

    def _deliver(self, line: "Line", message: Message) -> bool:
        """Sends until acknowledged, at most `TRIES` times."""
        for attempt in range(TRIES):
            if attempt:
                time.sleep(FIRST_WAIT_SECONDS * 2 ** (attempt - 1))
            with self.book.lock:
                self.book.sent.update(message.ids)
                self.book.rejected_sent += message.bad
            answer = line.post(message.path, message.body)
            with self.book.lock:
                self.book.statuses[answer.status] += 1
                if answer.status == 503 and not answer.retry_after:
                    self.book.without_retry_after += 1
                if answer.status == 200:
                    self.book.acknowledged.update(message.ids)
                    self.book.rejected_acknowledged += message.bad
                    return True
        return False


@dataclass
class Answer:
    """An answer's status, 0 when there was none."""

    status: int
    retry_after: str = ""
    body: bytes = b""


class Line:
    """A connection kept open, and opened anew when it broke."""

    def __init__(self, port: int, sender: Sender) -> None:
        self._connection = HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)
        self._headers = sender.headers

    def post(self, path: str, body: bytes) -> Answer:
        return self._ask("POST", path, body)

    def get(self, path: str) -> Answer:
        return self._ask("GET", path, None)

    def _ask(self, method: str, path: str, body: bytes | None) -> Answer:
        try:
            self._connection.request(method, path, body, self._headers)
            answer = self._connection.getresponse()
            content = answer.read()
            return Answer(answer.status, answer.headers.get("retry-after", ""), content)
        except (OSError, HTTPException):
            self._connection.close()
            return Answer(0)

    def track(self, message_id: str, **payload: Any) -> Answer:
        return self.post("/track", json.dumps(_track(message_id, **payload)).encode())

    def close(self) -> None:
        self._connection.close()


def _track(message_id: str, **payload: Any) -> dict[str, Any]:
    return {"type": "track", "payload": {"name": "page", "messageId": message_id, "deviceId": "d", **payload}}


def _operation(message_id: str) -> dict[str, Any]:
    return {"type": "increment", "payload": {"profileId": "p", "property": "visits", "messageId": message_id}}


def _message(name: str, chance: random.Random) -> Message:
    """A single event, a single operation, or a batch, in which an id may stand twice and an item may be bad."""
    kind = chance.random()
    if kind < 0.55:
        return Message(
            "/track", json.dumps(_track(name, properties={"fill": "x" * chance.randint(0, 400)})).encode(), [name]
        )
    if kind < 0.65:
        return Message("/track", json.dumps(_operation(name)).encode(), [name])
    ids = [f"{name}-{item}" for item in range(chance.randint(2, 25))]
    items = [_operation(id) if chance.random() < 0.1 else _track(id) for id in ids]
    if chance.random() < 0.3:
        ids.append(ids[0])
        items.append(items[0])
    bad = int(chance.random() < 0.2)
    if bad:
        items.insert(chance.randrange(len(items)), {"type": "track", "payload": {"name": ""}})
    return Message("/track/batch", json.dumps(items).encode(), ids, bad)
