"""Servers of the tests' own that take what is sent: one for HTTP, one for SMTP."""

import json
import socketserver
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any, TypeVar

Server = TypeVar("Server", bound=socketserver.TCPServer)


class Webhook(HTTPServer):
    """Keeps what is posted; answers GET with `health`."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Posted)
        self.posted: list[tuple[str, Any]] = []
        self.status = 200
        self.health: dict[str, Any] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Posted(BaseHTTPRequestHandler):
    server: Webhook

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.posted.append((self.path, body))
        self.send_response(self.server.status)
        self.send_header("Location", f"{self.server.url}/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(self.server.health).encode())

    def log_message(self, format: str, *args: Any) -> None:
        """Logs nothing."""


class MailServer(socketserver.TCPServer):
    """Speaks as much SMTP as a client needs that sends one message, and keeps the messages."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Mail)
        self.messages: list[tuple[list[str], str]] = []
        self.refuses = False

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.server_address[1]}"


class _Mail(socketserver.StreamRequestHandler):
    server: MailServer

    def handle(self) -> None:
        recipients: list[str] = []
        self._say("220 tests")
        while line := self.rfile.readline().decode().strip():
            verb = line.partition(" ")[0].upper()
            if verb == "RCPT":
                recipients.append(line.partition(":")[2].strip("<>"))
            if verb == "DATA":
                self._say("354 go on")
                self.server.messages.append((recipients, self._body()))
            self._say(
                "221 bye" if verb == "QUIT" else "550 no" if verb == "RCPT" and self.server.refuses else "250 fine"
            )
            if verb == "QUIT":
                return

    def _body(self) -> str:
        lines = []
        while (line := self.rfile.readline().decode().rstrip("\r\n")) != ".":
            lines.append(line)
        return "\n".join(lines)

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


@contextmanager
def serving(server: Server) -> Iterator[Server]:
    thread = Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
