"""A wiretap: a proxy between a client and the collector that passes everything on and remembers it."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import NamedTuple


class Heard(NamedTuple):
    """A request that was passed on, and the status of its answer. Header names are in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    status: int


class Tap:
    """Passes requests on to the port `target`, and after `switch_after` answers to `then`. `/heard` counts them."""

    def __init__(self, port: int, target: int, switch_after: int, then: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.heard: list[Heard] = []
        self._target = target
        self._switch_after = switch_after
        self._then = then

    @property
    def target(self) -> int:
        is_switched = self._then and len(self.heard) >= self._switch_after
        return self._then if is_switched else self._target

    @property
    def count(self) -> bytes:
        """How many requests but preflights were passed on, as `/heard` answers."""
        return str(sum(heard.method != "OPTIONS" for heard in self.heard)).encode()

    def statuses(self) -> list[int]:
        return [heard.status for heard in self.heard]


@contextmanager
def tapped(target: int, *, switch_after: int = 0, then: int = 0) -> Iterator[Tap]:
    """A tap on `target` while the block lasts."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def pass_on(self) -> None:
            if self.path == "/heard":
                self.say(200, [("content-length", str(len(tap.count)))], tap.count)
                return
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            connection = HTTPConnection("127.0.0.1", tap.target, timeout=30)
            connection.request(self.command, self.path, body, dict(self.headers.items()))
            answer = connection.getresponse()
            content = answer.read()
            connection.close()
            headers = {name.lower(): value for name, value in self.headers.items()}
            tap.heard.append(Heard(self.command, self.path, headers, body, answer.status))
            self.say(answer.status, answer.getheaders(), content)

        def say(self, status: int, headers: list[tuple[str, str]], content: bytes) -> None:
            self.send_response_only(status)
            for name, value in headers:
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *arguments: object) -> None:
            return

    for method in ("GET", "POST", "OPTIONS"):
        setattr(Handler, f"do_{method}", Handler.pass_on)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    tap = Tap(server.server_port, target, switch_after, then)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield tap
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
