"""Questions asked over HTTP and timed: one after the other, or many at once."""

import statistics
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.client import HTTPConnection
from typing import Any

import msgspec

from bench.asked import Asked

TIMEOUT_SECONDS = 120


@dataclass(frozen=True)
class Asker:
    """Asks questions about a project at a port, with a key. Each thread has one connection."""

    port: int
    project_id: str
    headers: dict[str, str]

    def connect(self) -> HTTPConnection:
        return HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT_SECONDS)

    def ask(self, connection: HTTPConnection, asked: Asked) -> tuple[float, int, bytes]:
        """Return the milliseconds, the status and the body of an answer."""
        body = asked.body
        headers = self.headers if body is None else self.headers | {"Content-Type": "application/json"}
        started = time.perf_counter()
        path = f"/insights/{self.project_id}/{asked.target}"
        connection.request("GET" if body is None else "POST", path, body, headers)
        response = connection.getresponse()
        text = response.read()
        return (time.perf_counter() - started) * 1000, response.status, text


@dataclass
class Times:
    """The milliseconds of one question: uncached, cached, and of the same question as SQL over raw rows; and the table
    that answered.
    """

    uncached: list[float] = field(default_factory=list)
    cached: list[float] = field(default_factory=list)
    raw: list[float] = field(default_factory=list)
    table: str = ""
    refused: str = ""

    def note(self, answer: tuple[float, int, bytes]) -> None:
        """Add the time of an answer to its kind; if the answer is an error, note its code."""
        milliseconds, status, body = answer
        told: dict[str, Any] = msgspec.json.decode(body)
        if status != 200:
            self.refused = f"{status} {told['error']['code']}"
            return
        meta = told["meta"]
        self.table = meta["table"]
        (self.cached if meta["cached"] else self.uncached).append(milliseconds)


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value below which `share` of `values` lies; it is one of the values."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))]


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def ask_at_once(asker: Asker, questions: Sequence[Asked]) -> tuple[Counter[int], list[float]]:
    """Ask all `questions` at the same time; return the count of each status, and the milliseconds of the answers with
    status 200.
    """
    with ThreadPoolExecutor(len(questions)) as threads:
        answers = list(threads.map(lambda asked: asker.ask(asker.connect(), asked), questions))
    return Counter(status for _, status, _ in answers), [ms for ms, status, _ in answers if status == 200]
