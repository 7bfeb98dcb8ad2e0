"""The simulator's sender against a collector that makes it wait."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from cli.simulate.sender import send_traffic
from cli.simulate.traffic import Request


class BusyAtFirst(BaseHTTPRequestHandler):
    """Answers the first request 429 and closes the connection without telling, as a server does that waited long."""

    protocol_version = "HTTP/1.1"
    answered = 0

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        is_first, BusyAtFirst.answered = BusyAtFirst.answered == 0, BusyAtFirst.answered + 1
        self.send_response(429 if is_first else 200)
        self.send_header("Retry-After", "0")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")
        self.close_connection = is_first

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


@pytest.fixture
def busy_collector() -> Iterator[str]:
    BusyAtFirst.answered = 0
    with ThreadingHTTPServer(("127.0.0.1", 0), BusyAtFirst) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_requests_are_sent_again_after_a_collector_was_busy_and_hung_up(busy_collector: str) -> None:
    request = Request("/track", {"type": "track"}, "agent", "192.0.2.1", is_from_server=False, event_count=1)
    sent = send_traffic(busy_collector, ("client", "secret"), [request] * 3)
    assert (sent.acknowledged_count, sent.rejected_count) == (3, 0)
    assert BusyAtFirst.answered == 4
