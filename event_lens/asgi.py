"""One process that serves an ASGI application on a port until it is told to stop."""

import asyncio
import errno
import signal
import socket
from collections.abc import Awaitable, Callable
from typing import Any

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server.embed import Server

from event_lens.connection_limit import WAITING_CONNECTIONS, most_connections
from event_lens.errors import Refused, Unavailable

LOOPBACK = "127.0.0.1"
HEADERS_WITHIN_MS = 20_000
STOPPING = (signal.SIGTERM, signal.SIGINT)
HOST_SETTINGS = {"EVENTLENS_WAREHOUSE_PORT": "EVENTLENS_WAREHOUSE_HOST"}


async def _nothing() -> None:
    return


def server_limits() -> dict[str, Any]:
    """Return the options that every server of ours is given, in this process or in several."""
    return {
        # To detect HTTP/2, granian would wait without a limit for a connection's first bytes.
        "http": HTTPModes.http1,
        "http1_settings": HTTP1Settings(header_read_timeout=HEADERS_WITHIN_MS),
        "backlog": WAITING_CONNECTIONS,
        # Granian limits connections by this number, idle ones too: a low number would let a few idle clients block all
        # others.
        "backpressure": most_connections(),
        "websockets": False,
        "log_enabled": False,
    }


def serve_until_stopped(
    make_app: Callable[[], Any],
    port: int,
    *,
    host: str = LOOPBACK,
    has_lifespan: bool = False,
    drain: Callable[[], Awaitable[None]] = _nothing,
    loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT, await `drain`, then stop listening; blocks.

    `make_app` is called inside the event loop. Further signals do not interrupt the caller while it closes its own
    parts.
    """

    async def serve() -> None:
        server = Server(
            make_app(),
            address=host,
            port=port,
            interface=Interfaces.ASGI if has_lifespan else Interfaces.ASGINL,
            **server_limits(),
        )
        leaving = asyncio.Event()
        for number in STOPPING:
            asyncio.get_running_loop().add_signal_handler(number, leaving.set)
        serving = asyncio.ensure_future(server.serve())
        waiting = asyncio.ensure_future(leaving.wait())
        await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        await drain()
        server.stop()  # type: ignore[no-untyped-call]
        await serving
        _ignore_further_signals()

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(serve())


def _ignore_further_signals() -> None:
    """Ignore further signals: a closing loop restores their default handlers, and a second signal would kill the
    process while it closes.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
    for number in STOPPING:
        asyncio.get_running_loop().remove_signal_handler(number)
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)


def check_port(port: int, setting: str, host: str = LOOPBACK) -> None:
    """Check that the port is free: granian would share it with whoever listens on it already.

    Raises `Unavailable` (`port_taken`), and `Refused` (`port_forbidden`, `host_foreign`) where this process can never
    listen.
    """
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except PermissionError as error:
            raise Refused(f"Port {port} is for the system's own. Set {setting}.", code="port_forbidden") from error
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise Refused(
                    f"{host} is not an address of this machine. Set {HOST_SETTINGS.get(setting, 'EVENTLENS_HOST')}.",
                    code="host_foreign",
                ) from error
            raise Unavailable(
                f"Port {port} is taken. Stop what listens there, or set {setting}.", code="port_taken"
            ) from error
