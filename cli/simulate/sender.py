"""Sends simulated requests to a collector over HTTP, several at once, and counts the answers."""

import http.client
import json
import queue
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from cli.simulate.traffic import Request
from cli.simulate.visits import SITE
from event_lens.errors import Unavailable

CONNECTIONS = 8
TIMEOUT_SECONDS = 30
TRIES = 5


@dataclass
class Sent:
    """The requests that were sent, and the collector's answers: requests by status, events by outcome."""

    event_count: int = 0
    acknowledged_count: int = 0
    rejected_count: int = 0
    statuses: Counter[int] = field(default_factory=Counter)

    def add(self, request: Request, status: int, answer: dict[str, object]) -> None:
        self.statuses[status] += 1
        self.event_count += request.event_count
        if status in (200, 202):
            rejected = answer.get("rejected", [])
            rejected_count = len(rejected) if isinstance(rejected, list) else 0
            self.rejected_count += rejected_count
            self.acknowledged_count += request.event_count - rejected_count
        else:
            self.rejected_count += request.event_count


def send_traffic(
    collector_url: str,
    client: tuple[str, str],
    requests: Iterable[Request],
    on_progress: Callable[[int], None] = lambda _: None,
) -> Sent:
    """Send all requests and wait for the answers; `on_progress` is called with the number of events of each request.

    Requests of a page carry the client's id and the site's `Origin`; requests of the site's server carry the secret,
    too. Blocks until all are answered. Raises `Unavailable` (`collector_unreachable`) when the collector does not
    answer.
    """
    waiting: queue.Queue[Request | None] = queue.Queue(maxsize=CONNECTIONS * 16)
    failures: list[Exception] = []
    sent, lock = Sent(), threading.Lock()

    def work() -> None:
        connection = _connect(collector_url)
        while (request := waiting.get()) is not None:
            if failures:
                continue
            try:
                status, answer = _post(connection, request, client)
            except (OSError, http.client.HTTPException) as error:
                failures.append(error)
                continue
            with lock:
                sent.add(request, status, answer)
                on_progress(request.event_count)
        connection.close()

    workers = [threading.Thread(target=work, daemon=True) for _ in range(CONNECTIONS)]
    for worker in workers:
        worker.start()
    for request in requests:
        waiting.put(request)
    for _ in workers:
        waiting.put(None)
    for worker in workers:
        worker.join()
    if failures:
        raise Unavailable(
            f"The collector at {collector_url} does not answer ({failures[0]}). Is `eventlens up` running?",
            code="collector_unreachable",
        )
    return sent


def _connect(collector_url: str) -> http.client.HTTPConnection:
    address = urlsplit(collector_url)
    kind = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
    return kind(address.hostname or "127.0.0.1", address.port, timeout=TIMEOUT_SECONDS)


def _post(
    connection: http.client.HTTPConnection, request: Request, client: tuple[str, str]
) -> tuple[int, dict[str, object]]:
    """Post one request. After 429 or 503, send it again after the time that the collector names."""
    client_id, secret = client
    headers = {
        "Content-Type": "application/json",
        "openpanel-client-id": client_id,
        "openpanel-sdk-name": "eventlens-simulate",
        "User-Agent": request.user_agent,
        "X-Forwarded-For": request.address,
    }
    headers |= {"openpanel-client-secret": secret} if request.is_from_server else {"Origin": SITE}
    body = request.body if isinstance(request.body, bytes) else json.dumps(request.body).encode()
    for _ in range(TRIES):
        connection.request("POST", request.path, body, headers)
        response = connection.getresponse()
        text = response.read()
        if response.status not in (429, 503):
            break
        # The collector closes idle connections after seconds; the next request opens a new one.
        connection.close()
        threading.Event().wait(float(response.headers.get("Retry-After", "1")))
    return response.status, json.loads(text or b"{}")
