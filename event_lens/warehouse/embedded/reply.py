"""An answer as HTTP: status, ClickHouse's headers, the pieces, and an exception wherever it comes."""

import json
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import Any
from uuid import uuid4

from event_lens.warehouse.embedded.blocks import BlockEncoder
from event_lens.warehouse.embedded.encoding import Encoder, Identity, encoder
from event_lens.warehouse.embedded.engine import Counts
from event_lens.warehouse.embedded.exchange import Answer, House
from event_lens.warehouse.embedded.failure import StatementError
from event_lens.warehouse.embedded.held import Held
from event_lens.warehouse.embedded.request import Request

Send = Callable[[dict[str, Any]], Awaitable[None]]

_SERVER_NAME = "event-lens-embedded"
_HELD_BYTES = 1 << 17

_CONTENT_TYPES = {
    "JSON": "application/json; charset=UTF-8",
    "JSONCompact": "application/json; charset=UTF-8",
    "JSONEachRow": "application/x-ndjson; charset=UTF-8",
    "CSV": "text/csv; charset=UTF-8; header=absent",
    "CSVWithNames": "text/csv; charset=UTF-8; header=present",
    "TabSeparated": "text/tab-separated-values; charset=UTF-8",
    "TSV": "text/tab-separated-values; charset=UTF-8",
    "Native": "application/octet-stream",
    "Arrow": "application/octet-stream",
    "ArrowStream": "application/octet-stream",
    "Parquet": "application/octet-stream",
}


class Reply:
    """Sends one answer or failure. `query_id` is what clients find it by in their logs."""

    def __init__(self, send: Send, house: House) -> None:
        self.query_id = ""
        self._send = send
        self._engine = house.engine
        self._folder = house.folder
        self._has_begun = False
        self._encoder: Encoder = Identity()
        self._last = b""
        self._tag = uuid4().hex[:16]

    async def send(self, answer: Answer, request: Request) -> None:
        """Send `answer` but for its last piece, which waits for `end`: some formats say themselves where they end, and
        whoever has all of one may ask again at once.

        The beginning waits a little, so that most failures get their status, or until all of it is there, when the
        request says so.
        """
        if request.waits_for_end:
            await self._send_whole(answer, request)
            return
        held = bytearray()
        async with aclosing(answer.pieces) as pieces:
            async for piece in pieces:
                if self._has_begun:
                    await self._write(self._last)
                    self._last = piece
                    continue
                held += piece
                if len(held) >= _HELD_BYTES:
                    await self._begin(answer, request)
                    self._last = bytes(held)
        if not self._has_begun:
            await self._begin(answer, request)
            self._last = bytes(held)

    async def _send_whole(self, answer: Answer, request: Request) -> None:
        held = Held(self._folder)
        try:
            async with aclosing(answer.pieces) as pieces:
                async for piece in pieces:
                    held.append(piece)
            await self._begin(answer, request)
            for piece in held.pieces():
                await self._write(self._last)
                self._last = piece
        finally:
            held.close()

    async def fail(self, error: StatementError) -> None:
        """Send `error`: as the whole answer, or, when that has begun, as ClickHouse does in the middle of one."""
        text = error.text.rstrip()
        if "(version " not in text:
            text += f" (version {self._engine.version})"
        if self._has_begun:
            message = f"{text}\n"
            mark = f"\r\n__exception__\r\n{self._tag}\r\n"
            block = f"{mark}{message}{len(message.encode(errors='surrogateescape'))} {self._tag}\r\n__exception__\r\n"
            await self._write(self._last)
            await self._write(block.encode(errors="surrogateescape"), self._encoder.finish)
            # Left without its end, so that no client takes the piece for the whole.
            raise error
        headers = {"x-clickhouse-exception-code": str(error.code), "content-type": "text/plain; charset=UTF-8"}
        if error.status == 401:
            headers["www-authenticate"] = 'Basic realm="ClickHouse server HTTP API"'
        await self._start(error.status, {**self._own_headers(), **headers})
        body = f"{text}\n".encode(errors="surrogateescape")
        await self._send({"type": "http.response.body", "body": body, "more_body": False})

    async def _begin(self, answer: Answer, request: Request) -> None:
        headers = {**self._own_headers(), "x-clickhouse-summary": _summary(answer.counts)}
        headers["x-clickhouse-exception-tag"] = self._tag
        if answer.format:
            headers["x-clickhouse-format"] = answer.format
            headers["content-type"] = _CONTENT_TYPES.get(answer.format, "text/plain; charset=UTF-8")
        if request.reports_progress:
            headers["x-clickhouse-progress"] = headers["x-clickhouse-summary"]
        name, self._encoder = encoder(request.accepted)
        if name != "identity":
            headers["content-encoding"] = name
        elif request.in_blocks:
            self._encoder = BlockEncoder()
        await self._start(200, headers)
        self._has_begun = True

    def _own_headers(self) -> dict[str, str]:
        return {
            "x-clickhouse-server-display-name": _SERVER_NAME,
            "x-clickhouse-timezone": self._engine.timezone,
            "x-clickhouse-query-id": self.query_id,
        }

    async def _start(self, status: int, headers: dict[str, str]) -> None:
        pairs = [(name.encode(), value.encode("latin-1", "replace")) for name, value in headers.items()]
        await self._send({"type": "http.response.start", "status": status, "headers": pairs})

    async def _write(self, piece: bytes, finish: Callable[[], bytes] = bytes) -> None:
        out = self._encoder.encode(piece) + finish()
        if out:
            await self._send({"type": "http.response.body", "body": out, "more_body": True})

    async def end(self) -> None:
        """Complete what `send` sent."""
        out = self._encoder.encode(self._last) + self._encoder.finish()
        await self._send({"type": "http.response.body", "body": out, "more_body": False})


async def say(send: Send, status: int, text: bytes) -> None:
    """Send a short plain answer."""
    headers = [(b"content-type", b"text/plain; charset=UTF-8"), (b"content-length", str(len(text)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text, "more_body": False})


def _summary(counts: Counts) -> str:
    return json.dumps(
        {
            "read_rows": str(counts.read_rows),
            "read_bytes": str(counts.read_bytes),
            "written_rows": str(counts.written_rows),
            "written_bytes": str(counts.written_bytes),
            "result_rows": str(counts.result_rows),
            "result_bytes": str(counts.result_bytes),
            "elapsed_ns": str(round(counts.elapsed_seconds * 1e9)),
        }
    )
