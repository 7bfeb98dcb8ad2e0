"""The only connection to the warehouse: ClickHouse's HTTP interface, through clickhouse-connect."""

import logging
from collections.abc import Callable, Iterator, Mapping
from io import BytesIO
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, cast
from urllib.parse import unquote, urlsplit

import clickhouse_connect
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError
from urllib3.exceptions import HTTPError

from event_lens.errors import EventLensError, Refused, Unavailable
from event_lens.warehouse.row_stream import RowStream

if TYPE_CHECKING:
    import polars

_LANDING = {
    "async_insert": 0,
    "input_format_skip_unknown_fields": 1,
    "input_format_try_infer_dates": 0,
    "input_format_try_infer_datetimes": 0,
    "type_json_skip_duplicated_paths": 1,
    "max_partitions_per_insert_block": 0,
    # One segment is one block: only then does its token cover the whole segment.
    "max_insert_block_size": 100_000_000,
    "min_insert_block_size_rows": 100_000_000,
    "min_insert_block_size_bytes": 0,
    "input_format_parallel_parsing": 0,
}

# ClickHouse's codes that report the server's state and not an error in the statement.
_PASSING = frozenset({159, 160, 202, 203, 209, 210, 236, 241, 242, 243, 252, 319, 373, 394, 425, 439, 999, 1002})

UNREACHABLE = "warehouse_unreachable"
_MAX_MARGIN_SECONDS = 10

# The error that we raise holds everything that the client would log.
logging.getLogger("clickhouse_connect").addHandler(logging.NullHandler())


class Warehouse:
    """A connection to the warehouse at `url` (`http://user:password@host:port`), for one thread at a time.

    Connects at the first use, and reconnects after the warehouse was unreachable; a `url` that is a function is called
    each time. Every method blocks. Values are bound by the server: the SQL says `{name:Type}`. Raises `Unavailable`
    when the warehouse cannot be reached, is overloaded or needs longer than `query_timeout_seconds`, and `Refused` with
    the code `warehouse_<ClickHouse's code>` when a statement is at fault.
    """

    def __init__(
        self, url: str | Callable[[], str], *, database: str = "default", query_timeout_seconds: int = 60
    ) -> None:
        self._find_url = url if callable(url) else lambda: url
        self._database = database
        self._query_timeout_seconds = query_timeout_seconds
        self._client: Client | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; the next use opens it again."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def rows(
        self, sql: str, parameters: Mapping[str, object] | None = None, settings: Mapping[str, object] | None = None
    ) -> list[dict[str, Any]]:
        """Return all rows, each a dict by column."""
        with _Translated(self):
            result = self._connected().query(sql, parameters=_bound(parameters), settings=_bound(settings))
            return list(result.named_results())

    def value(self, sql: str, parameters: Mapping[str, object] | None = None) -> Any:
        """Return the first column of the first row; None without a row."""
        with _Translated(self):
            rows = self._connected().query(sql, parameters=_bound(parameters)).result_rows
            return rows[0][0] if rows else None

    def frame(
        self, sql: str, parameters: Mapping[str, object] | None = None, settings: Mapping[str, object] | None = None
    ) -> "polars.DataFrame":
        """Return all rows as a Polars frame."""
        # Most processes make no frame, and importing Polars takes a third of a second.
        import polars  # noqa: PLC0415

        with _Translated(self):
            table = self._connected().query_arrow(sql, parameters=_bound(parameters), settings=_bound(settings))
            return cast("polars.DataFrame", polars.from_arrow(table))

    def open_stream(
        self,
        sql: str,
        format: str,
        parameters: Mapping[str, object] | None = None,
        settings: Mapping[str, object] | None = None,
    ) -> RowStream:
        """Return the rows in any ClickHouse format, to be read piece by piece and closed."""
        translated = _Translated(self)
        with translated:
            client = self._connected()
            response = client.raw_stream(sql, parameters=_bound(parameters), settings=_bound(settings), fmt=format)
            return RowStream(response, translated)

    def stream(
        self,
        sql: str,
        format: str,
        parameters: Mapping[str, object] | None = None,
        settings: Mapping[str, object] | None = None,
    ) -> Iterator[bytes]:
        """Yield the pieces of `open_stream`; closing the iterator closes the stream."""
        rows = self.open_stream(sql, format, parameters, settings)
        try:
            while piece := rows.read():
                yield piece
        finally:
            rows.close()

    def command(
        self, sql: str, parameters: Mapping[str, object] | None = None, settings: Mapping[str, object] | None = None
    ) -> None:
        """Run a statement that returns no rows."""
        with _Translated(self):
            self._connected().command(sql, parameters=_bound(parameters), settings=_bound(settings))

    def insert_lines(self, table: str, body: bytes, *, token: str) -> int:
        """Insert `body`, lines of JSON, as one block that lands once per `token`, however often it is sent.

        Returns how many rows the warehouse reports as written, which may be 0 for a repeated token.
        """
        settings = {**_LANDING, "insert_deduplication_token": token}
        with _Translated(self):
            done = self._connected().raw_insert(table, insert_block=body, settings=settings, fmt="JSONEachRow")
            return done.written_rows

    def insert_frame(self, table: str, frame: "polars.DataFrame", *, token: str) -> int:
        """Insert `frame` with the same guarantee as `insert_lines`. JSON columns are given as text."""
        body = BytesIO()
        frame.write_parquet(body, compression="zstd", row_group_size=max(1, frame.height))
        settings = {**_LANDING, "insert_deduplication_token": token}
        with _Translated(self):
            done = self._connected().raw_insert(
                table, column_names=frame.columns, insert_block=body.getvalue(), settings=settings, fmt="Parquet"
            )
            return done.written_rows

    @property
    def place(self) -> str:
        """Return the warehouse's host and port, without user and password."""
        url = urlsplit(self._find_url())
        return f"{url.hostname}:{url.port or _default_port(url.scheme)}"

    def ping(self) -> bool:
        """Return whether the warehouse answers."""
        try:
            with _Translated(self):
                return self._connected().ping()
        except Unavailable:
            return False

    def _connected(self) -> Client:
        if self._client is None:
            url = urlsplit(self._find_url())
            self._client = clickhouse_connect.get_client(
                interface=url.scheme,
                host=url.hostname,
                port=url.port or _default_port(url.scheme),
                username=unquote(url.username or "default"),
                password=unquote(url.password or ""),
                database=self._database,
                compress=False,
                autogenerate_session_id=False,
                # The warehouse gives up first, and says why.
                send_receive_timeout=self._query_timeout_seconds
                + min(self._query_timeout_seconds, _MAX_MARGIN_SECONDS),
                settings={"max_execution_time": self._query_timeout_seconds},
            )
        return self._client


class _Translated:
    """Turns the client's exceptions into ours."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse

    def __enter__(self) -> None:
        return

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, (ClickHouseError, HTTPError, OSError)):
            ours = _translated(error, self._warehouse.place)
            if ours.code == UNREACHABLE:
                # The next use looks up the warehouse's current address.
                self._warehouse.close()
            raise ours from error


def _default_port(scheme: str) -> int:
    return 8443 if scheme == "https" else 8123


def _bound(values: Mapping[str, object] | None) -> dict[str, Any] | None:
    return dict(values) if values is not None else None


def _translated(error: Exception, place: str) -> EventLensError:
    code = getattr(error, "code", None)
    text = str(error).split(", server response: ")[-1].split(" (for url ")[0].strip()
    if not code:
        return Unavailable(
            f"The warehouse at {place} does not answer, or stopped in the middle of an answer. "
            "Start it with `eventlens up` or `eventlens warehouse`, or look at EVENTLENS_WAREHOUSE_URL.",
            code=UNREACHABLE,
        )
    if code in _PASSING:
        return Unavailable(f"The warehouse cannot do this now: {text}", code=f"warehouse_{code}", retry_after_seconds=5)
    return Refused(f"The warehouse refuses the statement: {text}", code=f"warehouse_{code}")
