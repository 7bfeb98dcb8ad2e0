"""Serves a folder of pages on this machine."""

from collections.abc import Callable
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from event_lens.asgi import LOOPBACK, check_port


def serve_folder(folder: Path, port: int, tell: Callable[[str], object]) -> None:
    """Serve until Ctrl-C and print the address; blocks. Raises `Unavailable` (`port_taken`). Port 0 chooses a free
    port.
    """
    if port:
        check_port(port, "--port")
    handler = partial(_Quiet, directory=str(folder))
    with ThreadingHTTPServer((LOOPBACK, port), handler) as server:
        tell(f"http://{LOOPBACK}:{server.server_port}/ until Ctrl-C")
        server.serve_forever()


class _Quiet(SimpleHTTPRequestHandler):
    """Logs nothing."""

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing: the pages are served to one person."""
