"""Stand-ins for the two databases of compose: Debian's PostgreSQL, and the embedded warehouse out of the image."""

import json
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from socket import SHUT_WR, create_connection, create_server, socket
from threading import Thread

from event_lens.processes import is_answering
from tests.image.building import Image
from tests.image.container import Box, Container
from tests.image.steps import wait_until
from tests.ports import free_port
from tests.postgres import PostgresServer, find_binaries


@dataclass(frozen=True)
class Passage:
    """Leads connections at the gateway's address on to a port of loopback, where the stand-ins listen."""

    address: str
    port: int
    behind: Callable[[], int]

    def open(self) -> socket:
        server = create_server((self.address, self.port), backlog=256)
        Thread(target=self._serve, args=(server,), daemon=True).start()
        return server

    def _serve(self, server: socket) -> None:
        while True:
            try:
                taken, _ = server.accept()
            except OSError:
                return
            try:
                onward = create_connection(("127.0.0.1", self.behind()))
            except OSError:
                taken.close()
                continue
            for one, other in ((taken, onward), (onward, taken)):
                Thread(target=_pass_on, args=(one, other), daemon=True).start()


def _pass_on(one: socket, other: socket) -> None:
    try:
        while data := one.recv(65_536):
            other.sendall(data)
        other.shutdown(SHUT_WR)
    except OSError:
        one.close()
        other.close()


def serve_postgres(stack: ExitStack, gateway: str) -> None:
    """PostgreSQL at the gateway, with the user and the database of compose; it asks for no password."""
    binaries = find_binaries()
    if binaries is None:
        raise RuntimeError("PostgreSQL is missing; Debian's package is postgresql")
    server = PostgresServer(binaries)
    stack.callback(server.stop)
    server.execute("CREATE ROLE eventlens LOGIN")
    server.execute("CREATE DATABASE eventlens OWNER eventlens")
    stack.callback(Passage(gateway, 5432, lambda: server.port).open().close)


def serve_warehouse(stack: ExitStack, gateway: str, image: Image, home: Path) -> str:
    """The embedded warehouse with a read-only root, at the gateway; the user and the password that may do everything.

    It listens on loopback only, so it shares the machine's network.
    """
    port, native = free_port(), free_port()
    ports = {"EVENTLENS_WAREHOUSE_PORT": str(port), "EVENTLENS_WAREHOUSE_NATIVE_PORT": str(native)}
    box = Box(
        image.root, {**image.environ, **ports}, image.workdir, image.user,
        is_read_only=True, has_init=True, tmpfs=("/tmp",), mounts={"/data": home}, hostname="clickhouse",
    )  # fmt: skip
    container = Container("warehouse", box, [*image.entrypoint, "warehouse"], home.parent / "warehouse.log")
    stack.callback(container.kill)

    def answers() -> bool:
        if not container.is_running():
            raise RuntimeError(f"The warehouse has ended.\n{container.end_of_log()}")
        return is_answering(f"http://127.0.0.1:{port}/ping")

    wait_until(answers, 60, container.end_of_log)
    stack.callback(container.stop, 40)
    access = json.loads((home / "warehouse-access.json").read_text())
    stack.callback(Passage(gateway, 8123, lambda: int(access["http_port"])).open().close)
    return f"admin:{access['passwords']['admin']}"
