"""A front before the warehouse: tests hear every statement before it goes on, and may put another in its place."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import urlsplit

OWN_HEADERS = ("host", "content-length", "accept-encoding")


@contextmanager
def fronted(url: str, instead: Callable[[str], str]) -> Iterator[str]:
    """The address of a front before the warehouse at `url`; it passes on what `instead` makes of each statement."""
    behind = urlsplit(url)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            if self.command == "POST":
                body = instead(body.decode()).encode()
            connection = HTTPConnection(behind.hostname or "", behind.port, timeout=120)
            headers = {name: value for name, value in self.headers.items() if name.lower() not in OWN_HEADERS}
            connection.request(self.command, self.path, body, headers)
            answer = connection.getresponse()
            content = answer.read()
            connection.close()
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                    self.send_header(name, value)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = pass_on  # noqa: N815

        def log_message(self, format: str, *values: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            """Who asked has been killed: nobody waits for the answer."""

    with Server(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://{behind.username}:{behind.password}@127.0.0.1:{server.server_port}"
        server.shutdown()
