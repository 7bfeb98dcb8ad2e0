"""Serves a folder of pages on this machine."""

from collections.abc import Callable
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from event_lens.asgi import LOOPBACK, check_port


def serve_folder(folder: Path, port: int, tell: Callable[[str], object]) -> None:
    """Serves until Ctrl-C and tells the address; blocks. Raises `Unavailable` (`port_taken`). Port 0 is a free one."""
    if port:
        check_port(port, "--port")
    handler = partial(_Quiet, directory=str(folder))
    with ThreadingHTTPServer((LOOPBACK, port), handler) as server:
        tell(f"http://{LOOPBACK}:{server.server_port}/ until Ctrl-C")
        server.serve_forever()


class _Quiet(SimpleHTTPRequestHandler):
    """Logs nothing."""

    def log_message(self, format: str, *args: object) -> None:
        """Logs nothing: the pages are one person's own."""
