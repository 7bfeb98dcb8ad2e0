"""One statement on the engine, from its request to the pieces of its answer."""

import asyncio
import os
from collections.abc import AsyncGenerator, Callable, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar

from event_lens.warehouse.embedded.body import Body
from event_lens.warehouse.embedded.catalog import DATABASE
from event_lens.warehouse.embedded.engine import Connection, Counts, Engine, Insert
from event_lens.warehouse.embedded.external import ExternalTable, attach
from event_lens.warehouse.embedded.failure import (
    ACCESS_DENIED,
    QUERY_IS_TOO_LARGE,
    READONLY,
    SYNTAX_ERROR,
    failure,
)
from event_lens.warehouse.embedded.held import Held
from event_lens.warehouse.embedded.limits import limits_of, settings_of
from event_lens.warehouse.embedded.request import ANALYST, Request
from event_lens.warehouse.embedded.sandbox import Sandbox
from event_lens.warehouse.embedded.statement import Kind, Statement, read_kill, read_landing, read_statement
from event_lens.warehouse.embedded.turns import Turns
from event_lens.warehouse.lexer import tokens

T = TypeVar("T")

_HEAD_BYTES = 1 << 18
_LONGEST_STATEMENT_BYTES = 1 << 26
_PIPE_PIECE_BYTES = 1 << 16
_KILL_AGAIN_SECONDS = 0.5
_LINES = frozenset({"JSONEachRow", "JSONLines", "NDJSON"})


@dataclass
class Answer:
    """The answer to come: its format (empty when there are no rows) and its pieces.

    `counts` is set once `pieces` has ended. Iterating raises `StatementError` when the engine does.
    """

    format: str
    pieces: AsyncGenerator[bytes, None]
    counts: Counts = field(default_factory=Counts)


@dataclass(frozen=True)
class House:
    """What all requests share: short calls and whole statements have threads of their own, so that many long
    questions do not keep an insert waiting."""

    engine: Engine
    sandbox: Sandbox
    calls: Executor
    statements: Executor
    analyst_turns: Turns
    running: dict[str, str]
    """The user of each running statement, by its query id."""
    folder: Path
    """Where what is too large for memory waits, in files without names."""


class Exchange:
    """Runs the statement of one request on a lent connection; the engine's calls run in threads."""

    def __init__(
        self, house: House, connection: Connection, request: Request, tables: Sequence[ExternalTable] = ()
    ) -> None:
        self._house = house
        self._connection = connection
        self._request = request
        self._tables = tables

    async def run(self, body: Body) -> Answer:
        """Read the statement, check it, start it. Raises `StatementError` and `ClientGoneError`."""
        text, is_all = await body.head(_HEAD_BYTES)
        landing = read_landing(text)
        if landing is not None:
            self._check_may_write()
            await self._call(self._prepare)
            # Only here, because a SET must not be longer than a statement; the other ways take parameters as they are.
            parameters = {f"param_{name}": value for name, value in self._request.parameters.items()}
            await self._call(lambda: self._connection.configure(parameters))
            return await self._land(landing, text, body)
        if not is_all:
            more, is_all = await body.head(_LONGEST_STATEMENT_BYTES)
            text += more
            if not is_all:
                raise failure(QUERY_IS_TOO_LARGE, "QUERY_IS_TOO_LARGE", "The statement is longer than 64 MiB.")
        if all(token.value == b";" for token in tokens(text)):
            raise failure(SYNTAX_ERROR, "SYNTAX_ERROR", "Empty query.")
        killed = read_kill(text)
        if killed is not None:
            return await self._kill(killed)
        statement = await self._call(lambda: self._checked(text))
        if statement.kind is Kind.ASK:
            return self._ask(statement)
        return await self._do(statement)

    def _check_may_write(self) -> None:
        if self._request.method == "GET":
            raise failure(READONLY, "READONLY", "A GET request only reads: send this statement by POST.")
        if self._request.user == ANALYST:
            raise failure(ACCESS_DENIED, "ACCESS_DENIED", f"{ANALYST}: Not enough privileges: this user only asks.")

    def _prepare(self) -> None:
        """Set the connection up; a session's own settings are put back when the loan ends."""
        limits = {} if self._connection.is_set_up else limits_of(self._request.user, self._house.engine.memory_bytes)
        settings = settings_of(self._request, self._house.engine.memory_bytes)
        for_now = {**settings, "log_comment": self._request.query_id}
        if self._request.session_id:
            self._connection.configure(limits)
            self._connection.remember(list(settings))
            self._connection.configure(for_now)
        else:
            self._connection.configure({**limits, **for_now})
        if self._request.user == ANALYST:
            if self._request.database not in ("", "default", DATABASE):
                raise failure(ACCESS_DENIED, "ACCESS_DENIED", f"{ANALYST}: Not enough privileges: only for {DATABASE}.")
            self._connection.use(DATABASE)
        elif self._request.database:
            self._connection.use(self._request.database)
        for table in self._tables:
            attach(self._connection, table)

    def _checked(self, text: bytes) -> Statement:
        self._prepare()
        if self._request.user == ANALYST:
            statement = self._house.sandbox.check(self._connection, text, self._request.parameters)
            self._connection.configure({"readonly": "1"})
            return statement
        count, only_reads = self._connection.classify(text)
        if count > 1:
            raise failure(SYNTAX_ERROR, "SYNTAX_ERROR", "Syntax error (Multi-statements are not allowed).")
        if count == 0:
            # It does not parse, and the engine passes over some of that in silence: ask for its error.
            self._connection.rewrite(text)
        if not only_reads:
            self._check_may_write()
        return read_statement(text)

    async def _land(self, statement: Statement, text: bytes, body: Body) -> Answer:
        is_lines = statement.format in _LINES
        insert = None if is_lines else await self._call(lambda: self._connection.land(statement.sql, statement.format))
        held = Held(self._house.folder)
        try:
            held.append(text[statement.data_start :])
            async for piece in body.rest():
                if held.fits(len(piece)):
                    held.append(piece)
                else:
                    await self._call(partial(held.append, piece))
            # Only now: the engine lands a large insert block by block, and a body that breaks off must land nothing.
            counts = await self._call(lambda: self._land_all(statement, insert, held))
        except BaseException:
            if insert is not None:
                await asyncio.shield(self._call(insert.cancel))
            raise
        finally:
            held.close()
        return Answer("", _nothing(), counts)

    def _land_all(self, statement: Statement, insert: Insert | None, held: Held) -> Counts:
        if insert is None:
            return self._connection.land_lines(statement.sql, statement.format, held.pieces())
        return _append_all(insert, held)

    async def _do(self, statement: Statement) -> Answer:
        chosen, parameters = self._request.default_format, self._request.parameters
        work = partial(self._connection.do, statement.sql, chosen, parameters)
        out, counts = await self._call(work, self._house.statements)
        return Answer(chosen if out else "", _once(out), counts)

    async def _kill(self, query_id: str) -> Answer:
        """Stop a statement by the id its client gave it, which the engine does not know; the analyst only their own."""
        if self._request.method == "GET":
            raise failure(READONLY, "READONLY", "A GET request only reads: send this statement by POST.")
        if self._request.user == ANALYST and self._house.running.get(query_id, ANALYST) != ANALYST:
            raise failure(ACCESS_DENIED, "ACCESS_DENIED", f"{ANALYST}: Not enough privileges: it is another user's.")
        await self._call(lambda: self._house.engine.kill(query_id))
        return Answer("", _nothing())

    def _ask(self, statement: Statement) -> Answer:
        answer = Answer(statement.format or self._request.default_format, _nothing())
        answer.pieces = self._stream(statement, answer)
        return answer

    async def _stream(self, statement: Statement, answer: Answer) -> AsyncGenerator[bytes, None]:
        reading, writing = os.pipe()
        reader = asyncio.StreamReader(limit=_PIPE_PIECE_BYTES)
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(reading, "rb", buffering=0)
        )
        job = self._house.statements.submit(
            self._connection.ask, statement.sql, answer.format, statement.tail, self._request.parameters, writing
        )
        try:
            while piece := await reader.read(_PIPE_PIECE_BYTES):
                yield piece
            answer.counts = await asyncio.wrap_future(job)
        finally:
            transport.close()
            if job.cancel():
                os.close(writing)
            elif not job.done():
                await asyncio.shield(self._stop(job))

    async def _stop(self, job: "Future[Counts]") -> None:
        """Stop a running statement, and wait until its connection is free again."""
        running = asyncio.wrap_future(job)
        while not running.done():
            # Again and again, because one that has only just begun is not to be found yet.
            await self._call(lambda: self._house.engine.kill(self._request.query_id))
            await asyncio.wait([running], timeout=_KILL_AGAIN_SECONDS)
        running.exception()

    async def _call(self, work: Callable[[], T], threads: Executor | None = None) -> T:
        return await asyncio.get_running_loop().run_in_executor(threads or self._house.calls, work)


def _append_all(insert: Insert, held: Held) -> Counts:
    for piece in held.pieces():
        insert.append(piece)
    return insert.finish()


async def _nothing() -> AsyncGenerator[bytes, None]:
    return
    yield b""


async def _once(piece: bytes) -> AsyncGenerator[bytes, None]:
    if piece:
        yield piece
