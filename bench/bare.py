"""The least that a collector could do, with Litestar and granian: parse, append, sync once for all waiting requests,
answer.
"""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import msgspec
from granian.constants import Interfaces
from granian.server.embed import Server
from litestar import Litestar, get, post


class Log:
    """A file that is synced once for all waiting requests."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._waiting: list[tuple[bytes, asyncio.Future[None]]] = []
        self._task: asyncio.Task[None] | None = None

    async def append(self, lines: bytes) -> None:
        done = asyncio.get_running_loop().create_future()
        self._waiting.append((lines, done))
        if self._task is None:
            self._task = asyncio.create_task(self._sync())
        await done

    async def _sync(self) -> None:
        await asyncio.sleep(0)
        while self._waiting:
            group, self._waiting = self._waiting, []
            os.write(self._file, b"".join(lines for lines, _ in group))
            await asyncio.to_thread(os.fdatasync, self._file)
            for _, done in group:
                done.set_result(None)
        self._task = None


def create_app(path: Path) -> Litestar:
    log = Log(path)

    @get("/ready")
    async def ready() -> dict[str, Any]:
        return {}

    @post("/track", status_code=200)
    async def track(data: dict[str, Any]) -> dict[str, Any]:
        await log.append(msgspec.json.encode(data) + b"\n")
        return {"success": True, "deviceId": "", "sessionId": ""}

    @post("/track/batch", status_code=200)
    async def batch(data: list[Any]) -> dict[str, Any]:
        await log.append(msgspec.json.Encoder().encode_lines(data))
        return {"success": True, "accepted": len(data), "rejected": []}

    return Litestar([ready, track, batch], openapi_config=None, logging_config=None)


async def main() -> None:
    app = create_app(Path(sys.argv[2]))
    await Server(app, port=int(sys.argv[1]), interface=Interfaces.ASGI, websockets=False, log_enabled=False).serve()


if __name__ == "__main__":
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
