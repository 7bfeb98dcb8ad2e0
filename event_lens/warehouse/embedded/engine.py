"""The ClickHouse engine of chDB over one data folder: connections, and the four ways to run a statement on one."""

import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import chdb

from event_lens.warehouse.embedded.failure import (
    BAD_ARGUMENTS,
    TOO_DEEP_RECURSION,
    StatementError,
    failure,
    read_failure,
)

_READ_ONLY: Any = chdb._chdb.query_class.READ_ONLY  # type: ignore[attr-defined]

_NAME = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True)
class Counts:
    """What a statement did, for `X-ClickHouse-Summary`."""

    read_rows: int = 0
    read_bytes: int = 0
    written_rows: int = 0
    written_bytes: int = 0
    result_rows: int = 0
    result_bytes: int = 0
    elapsed_seconds: float = 0.0


class Insert:
    """An INSERT that takes its rows in pieces of any size. Every call blocks and raises `StatementError`."""

    def __init__(self, inserter: Any) -> None:
        self._inserter = inserter

    def append(self, piece: bytes) -> None:
        try:
            self._inserter.append(piece)
        except RuntimeError as error:
            raise read_failure(error) from error

    def finish(self) -> Counts:
        """Commit what was appended."""
        try:
            result = self._inserter.finish()
        except RuntimeError as error:
            raise read_failure(error) from error
        rows, size = result.rows_written, result.bytes_written
        return Counts(rows, size, rows, size, rows, size, result.elapsed)

    def cancel(self) -> None:
        """Drop what was not committed yet."""
        self._inserter.cancel()


class Connection:
    """One connection with its own settings and current database. Every call blocks and raises `StatementError`."""

    def __init__(self, connection: Any) -> None:
        self.is_set_up = False
        self._connection = connection
        self._remembered: dict[str, str | None] = {}
        self._made: list[str] = []

    def configure(self, settings: Mapping[str, str]) -> None:
        """Set settings and parameters (`param_x`) for the statements to come."""
        if not settings:
            return
        for name in settings:
            if not is_name(name):
                raise failure(BAD_ARGUMENTS, "BAD_ARGUMENTS", f"{name!r} is not the name of a setting.")
        self._query("SET " + ", ".join(f"{name} = {quoted(value)}" for name, value in settings.items()))
        self.is_set_up = True

    def remember(self, names: list[str]) -> None:
        """Note how these settings stand, for `restore`."""
        listed = "[" + ", ".join(quoted(name) for name in names) + "]"
        sql = f"SELECT name, value FROM system.settings WHERE changed AND has({listed}, name)"
        changed = dict(self.rows(sql)) if names else {}
        self._remembered = {name: changed.get(name) for name in names}

    def restore(self) -> None:
        """Put the settings back that `remember` noted, and drop the tables of `make_temporary`."""
        while self._made:
            self._query(f"DROP TEMPORARY TABLE {_named(self._made.pop())}")
        values = {name: "DEFAULT" if value is None else quoted(value) for name, value in self._remembered.items()}
        self._remembered = {}
        if values:
            self._query("SET " + ", ".join(f"{name} = {value}" for name, value in values.items()))

    def use(self, database: str) -> None:
        self._query(f"USE {_named(database)}")

    def make_temporary(self, name: str, columns: Sequence[str]) -> None:
        """Create a temporary table with these columns, each a name and a type; `restore` drops it."""
        self._query(f"CREATE TEMPORARY TABLE {_named(name)} ({', '.join(columns)}) ENGINE = Memory")
        self._made.append(name)

    def classify(self, sql: bytes) -> tuple[int, bool]:
        """How many statements `sql` holds (0 when it does not parse), and whether they only read."""
        found = self._connection._conn.classify_query(sql)
        return found["statement_count"], found["query_class"] == _READ_ONLY

    def ask(self, sql: bytes, format: str, tail: bytes, parameters: Mapping[str, str], descriptor: int) -> Counts:
        """Write the rows of `sql` to the pipe `descriptor` in `format` as the engine makes them, then close it."""
        if not is_name(format):
            os.close(descriptor)
            raise failure(BAD_ARGUMENTS, "BAD_ARGUMENTS", f"{format!r} is not the name of a format.")
        # The engine writes formats with a head and a foot in one piece only to a file, so the file is our pipe.
        target = f"\nINTO OUTFILE '/dev/fd/{descriptor}' APPEND FORMAT {format}".encode()
        try:
            return self._counted(self._query(sql + target + tail, format, parameters))
        finally:
            os.close(descriptor)

    def do(self, sql: bytes, format: str, parameters: Mapping[str, str]) -> tuple[bytes, Counts]:
        """Run a statement whose answer, if it has one, is small."""
        result = self._query(sql, format, parameters)
        return result.bytes(), self._counted(result)

    def land_lines(self, sql: bytes, format: str, pieces: Iterable[bytes]) -> Counts:
        """Run an INSERT of a format of lines, its rows in `pieces`.

        `land` reports success for rows that are not kept (a full disk, a constraint, a time limit); this way raises.
        """
        text = b"".join((sql, b" FORMAT ", format.encode(), b"\n", *pieces))
        return self._counted(self._query(text))

    def land(self, sql: bytes, format: str) -> Insert:
        """Begin an INSERT, `sql` being the statement up to its FORMAT clause."""
        try:
            return Insert(self._connection.send_insert(sql.decode(), format))
        except RuntimeError as error:
            raise read_failure(error) from error

    def rows(self, sql: str) -> list[list[str]]:
        """The rows of a small internal question, each a list of texts."""
        return [json.loads(line) for line in self._query(sql, "JSONCompactStringsEachRow").bytes().splitlines()]

    def rewrite(self, sql: bytes) -> bytes:
        """The one statement in `sql` as the engine's parser understood and writes it, comments left out."""
        parameters = {"q": _escaped(sql.decode())}
        try:
            rewritten: bytes = self._query("SELECT formatQuerySingleLine({q:String})", "RawBLOB", parameters).bytes()
        except StatementError as error:
            # Its own text, not that of our question around it.
            text, _, around = error.text.partition(": In scope SELECT formatQuerySingleLine(")
            raise StatementError(error.code, f"{text}. ({around.rpartition(' (')[2]}" if around else text) from error
        return rewritten

    def parse(self, sql: bytes) -> tuple[dict[str, Any], bytes]:
        """The tree of the question `sql`, and the question that the engine makes from nothing but that tree."""
        asked = "SELECT parseQueryToJSON({q:String}) AS tree, formatQueryFromJSON(tree)"
        out = self._query(asked, "JSONCompactStringsEachRow", {"q": _escaped(sql.decode())}).bytes()
        tree, rebuilt = json.loads(out)
        try:
            return json.loads(tree), rebuilt.encode()
        except RecursionError as error:
            raise failure(TOO_DEEP_RECURSION, "TOO_DEEP_RECURSION", "The question is nested too deeply.") from error

    def close(self) -> None:
        self._connection.close()

    def _query(self, sql: str | bytes, format: str = "Null", parameters: Mapping[str, str] | None = None) -> Any:
        try:
            result = self._connection.query(sql, format, params=dict(parameters or {}))
        except (chdb.ChdbError, RuntimeError, UnicodeDecodeError) as error:
            raise read_failure(error) from error
        if result.has_error():
            raise read_failure(RuntimeError(result.error_message()))
        return result

    @staticmethod
    def _counted(result: Any) -> Counts:
        return Counts(
            read_rows=result.storage_rows_read(),
            read_bytes=result.storage_bytes_read(),
            written_rows=result.rows_written(),
            written_bytes=result.bytes_written(),
            result_rows=result.rows_read(),
            result_bytes=result.bytes_read(),
            elapsed_seconds=result.elapsed(),
        )


class Engine:
    """The engine over `folder`, which the caller holds locked. All statements together take `memory_bytes` at most."""

    def __init__(self, folder: Path, memory_bytes: int) -> None:
        self.memory_bytes = memory_bytes
        self._address = f"{folder}?max_server_memory_usage={memory_bytes}&mark_cache_size={memory_bytes // 10}"
        self._keeper = self.connect()
        self.version, self.timezone = self._keeper.rows("SELECT version(), timezone()")[0]

    def connect(self) -> Connection:
        """A fresh connection, under a millisecond."""
        try:
            return Connection(chdb.connect(self._address))  # type: ignore[no-untyped-call]
        except (chdb.ChdbError, RuntimeError) as error:
            raise read_failure(error) from error

    def kill(self, tag: str | None = None) -> None:
        """Ask the running statements to stop: those with `tag` as their log comment, or all. Does not wait for them."""
        chosen = "query_id != queryID()" if tag is None else f"Settings['log_comment'] = {quoted(tag)}"
        connection = self.connect()
        try:
            connection.do(f"KILL QUERY WHERE {chosen} ASYNC".encode(), "Null", {})
        finally:
            connection.close()

    def close(self) -> None:
        """Let go of the folder; every other connection has to be closed before."""
        self._keeper.close()


def is_name(text: str) -> bool:
    """Whether `text` can stand in SQL as a name without quotes."""
    return _NAME.fullmatch(text) is not None


def _named(name: str) -> str:
    """`name` as a quoted identifier."""
    inside = name.replace("\\", "\\\\").replace("`", "\\`")
    return f"`{inside}`"


def quoted(value: str) -> str:
    """`value` as a string literal."""
    inside = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{inside}'"


def _escaped(text: str) -> str:
    """`text` as the engine takes the value of a parameter: as a field of a tab-separated line."""
    for raw, written in (("\\", "\\\\"), ("\t", "\\t"), ("\n", "\\n"), ("\0", "\\0")):
        text = text.replace(raw, written)
    return text
