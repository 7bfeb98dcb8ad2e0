"""Transfers: files that are sent piece by piece, as fast as the client reads them, and only while it is connected."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from event_lens.errors import EventLensError, Refused, Unavailable
from event_lens.logs import get_log
from event_lens.warehouse.client import Warehouse
from event_lens.warehouse.row_stream import RowStream
from query.encoding import Encoder, make_encoder
from query.fair_queue import FairQueue
from query.presence import ClientGoneError, Receive, in_thread, while_connected
from query.report_context import ProjectScope
from query.statement import Statement

Send = Callable[[Any], Awaitable[None]]

EXPORTS_AT_ONCE = 4
# There is no limit on the whole: a client may read as slowly as it likes, but it has to read.
CLIENT_TAKES_WITHIN_SECONDS = 30.0
WAREHOUSE_SAYS_WITHIN_SECONDS = 300
SETTINGS = {"max_execution_time": 0, "cancel_http_readonly_queries_on_client_close": 1}


class Transfers:
    """The transfers of one process: a limited number at a time, shared fairly between projects."""

    def __init__(
        self,
        warehouse_url: str | Callable[[], str],
        *,
        client_takes_within_seconds: float = CLIENT_TAKES_WITHIN_SECONDS,
        database: str = "lens",
    ) -> None:
        self._warehouse_url = warehouse_url
        self._database = database
        self._patience_seconds = client_takes_within_seconds
        self._places = FairQueue(EXPORTS_AT_ONCE)
        self._threads = ThreadPoolExecutor(EXPORTS_AT_ONCE, thread_name_prefix="transfer")

    async def send(
        self,
        subject: ProjectScope,
        statement: Statement,
        format: str,
        headers: Mapping[str, str],
        receive: Receive,
        send: Send,
        encoding: str = "",
    ) -> None:
        """Send the rows of `statement` in ClickHouse's `format`, packed by `encoding` ('' means not packed).

        Before anything is sent it raises `EventLensError`, such as `export_too_large` beyond the project's quota. Later
        errors are raised, too, and the answer stays without its end: then the server cuts the connection, and no client
        mistakes the piece for the whole.
        """
        try:
            await while_connected(receive, self._send(subject, statement, format, headers, send, encoding))
        except ClientGoneError:
            return

    async def _send(
        self,
        subject: ProjectScope,
        statement: Statement,
        format: str,
        headers: Mapping[str, str],
        send: Send,
        encoding: str,
    ) -> None:
        async with self._places.place(subject.project_id):
            with Warehouse(self._warehouse_url, query_timeout_seconds=WAREHOUSE_SAYS_WITHIN_SECONDS) as warehouse:
                rows = await in_thread(
                    self._threads,
                    lambda: self._open(warehouse, statement, format, subject.export_rows),
                    discard=RowStream.close,
                )
                try:
                    await self._pass_on(_Packed(rows, make_encoder(encoding)), headers, send)
                finally:
                    rows.close()

    def _open(self, warehouse: Warehouse, statement: Statement, format: str, most: int) -> RowStream:
        """Open the rows. `most` is the project's quota of rows; 0 means no quota.

        Raises the refusals of `statement`, and `Refused` (`export_too_large`) instead of cutting the file at the quota:
        a cut file would be mistaken for the whole.
        """
        sql = statement.sql_over(self._database)
        with statement.refusing():
            rows = warehouse.value(f"SELECT count() FROM ({sql})", statement.parameters) if most else 0
            if rows > most:
                raise Refused(
                    f"This export has {rows} rows, and the project's exports have {most} at most; ask for fewer days, "
                    "or give a limit.",
                    code="export_too_large",
                )
            return warehouse.open_stream(sql, format, statement.parameters, SETTINGS)

    async def _pass_on(self, rows: "_Packed", headers: Mapping[str, str], send: Send) -> None:
        # Before the answer begins, so that a refusal is still an answer.
        piece = await in_thread(self._threads, rows.read, stop=rows.stop)
        encoded = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": 200, "headers": encoded})
        try:
            while piece:
                async with asyncio.timeout(self._patience_seconds):
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
                piece = await in_thread(self._threads, rows.read, stop=rows.stop)
        except TimeoutError:
            error = Unavailable(f"The client took nothing for {self._patience_seconds:g} s.", code="client_stalled")
            _log_broken(error)
            raise error from None
        except EventLensError as error:
            _log_broken(error)
            raise
        await send({"type": "http.response.body", "body": b"", "more_body": False})


class _Packed:
    """The rows of a stream, packed as they are read."""

    def __init__(self, rows: RowStream, encoder: Encoder | None) -> None:
        self._rows = rows
        self._encoder = encoder
        self.stop = rows.stop

    def read(self) -> bytes:
        """Return the next piece; empty at the end. Blocks, and raises what reading the stream raises."""
        if self._encoder is None:
            return self._rows.read()
        while piece := self._rows.read():
            if packed := self._encoder.compress(piece):
                return packed
        encoder, self._encoder = self._encoder, None
        return encoder.flush()


def _log_broken(error: EventLensError) -> None:
    get_log("query").warning("export_broken", code=error.code, message=error.message)
