"""The guard as an ASGI application on the warehouse's port.

It refuses requests of other sites' pages, checks analysts' questions, and passes every other request on: the server
itself authenticates its own users.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from chdb_server.config import (
    ANALYST,
    ANALYST_QUERIES,
    HOLDER,
    PARSER,
    PROJECT_ANALYST,
    PROJECTS_HEADER,
    PROJECTS_SETTING,
)
from chdb_server.guard.concurrency import ConcurrencyLimit
from chdb_server.guard.credentials import Credentials, read_credentials, unknown_user
from chdb_server.guard.engine_users import EngineUsers
from chdb_server.guard.failure import (
    ACCESS_DENIED,
    BAD_ARGUMENTS,
    QUERY_IS_RUNNING_ALREADY,
    QUERY_IS_TOO_LARGE,
    READONLY,
    SYNTAX_ERROR,
    StatementError,
    failure,
)
from chdb_server.guard.form import is_form, read_form
from chdb_server.guard.functions import Functions
from chdb_server.guard.question import Question, read_question
from chdb_server.guard.sandbox import Sandbox
from chdb_server.guard.statement import read_kill
from chdb_server.guard.upstream import Body, Parser, UnreachableError, Upstream, statement_form
from event_lens.registry.sql_users import FoundUser
from event_lens.warehouse.access import SERVICES

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

_MAX_STATEMENT_BYTES = 1 << 20
_WAIT_SECONDS = 30.0
_STATEMENT_SECONDS = 20.0
_PIECE_SECONDS = 60.0
_MAX_PASSED_ON = 512
"""The limit on requests of the server's own users, which the server checks: a crowd of them leaves room for the
services.
"""

_CREDENTIALS = frozenset({"user", "password"})
# These fields count rows of all projects.
_COUNTING_HEADERS = frozenset({"x-clickhouse-summary", "x-clickhouse-progress"})
_COUNTING_FIELDS = frozenset({"max_rows_to_read"})
_OUR_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})
_HEALTH = frozenset({"/ping", "/replicas_status"})
# ClickHouse's own pages, and the pages' scripts.
_PAGES = frozenset({"/play", "/dashboard", "/binary", "/merges", "/jemalloc"})
# Users of the guard and of the engine itself.
_NOT_FOR_CLIENTS = frozenset({HOLDER, PARSER, PROJECT_ANALYST})
# A session belongs to one connection, and the guard has two.
_HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "upgrade", "te", "trailer", "host"})


class ClientGoneError(Exception):
    """The client went away before it had sent everything."""


class Guard:
    """Answers `/ping`, serves the server's pages, and passes statements on.

    `find_user` looks a SQL user up by name; it may block, and is called in a thread. `is_local` says that only this
    machine can reach the guard: then the analyst needs no password, and a request for another host is refused.
    `is_sharded` says that the server is one of several shards.
    """

    def __init__(
        self,
        users: EngineUsers,
        find_user: Callable[[str], FoundUser | None],
        *,
        is_local: bool = True,
        is_sharded: bool = False,
    ) -> None:
        self._is_local = is_local
        self._is_sharded = is_sharded
        self._users = users
        self._find_user = find_user
        self._upstream = Upstream(users)
        self._passing = Upstream(users, _MAX_PASSED_ON)
        self._parser = Parser(self._upstream)
        self._sandbox: Sandbox | None = None
        self._turns: dict[str, ConcurrencyLimit] = {}
        self._running: dict[str, str] = {}
        self._is_closing = False

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        path = scope["path"]
        if _is_foreign(headers, is_local=self._is_local):
            await _say(send, 403, b"Requests from web pages or for another host are refused.\n")
        elif self._is_closing:
            await _say(send, 503, b"The warehouse is closing.\n")
        elif path in _HEALTH or (path == "/" and not scope["query_string"] and scope["method"] in ("GET", "HEAD")):
            await _say(send, 200, b"Ok.\n")
        else:
            try:
                await self._answer(scope, headers, receive, send)
            except ClientGoneError:
                return
            except StatementError as error:
                code = [(b"x-clickhouse-exception-code", str(error.code).encode())]
                await _say(send, error.status, f"{error.text}\n".encode(), code)
            except UnreachableError:
                await _say(send, 503, b"The warehouse is closing, or has ended.\n")

    async def close(self) -> None:
        """Accept no more statements."""
        self._is_closing = True
        await self._upstream.close()
        await self._passing.close()

    async def _answer(self, scope: dict[str, Any], headers: dict[str, str], receive: Receive, send: Send) -> None:
        query = scope["query_string"].decode("latin-1")
        # Of two fields with one name the server uses the first, so the first is checked.
        fields = dict(reversed(parse_qsl(query, keep_blank_values=True, errors="surrogateescape")))
        if any(name.lower() in _CREDENTIALS - {name} for name in fields):
            # The server accepts field names in any case, and would read another user than the one checked here.
            raise failure(BAD_ARGUMENTS, "BAD_ARGUMENTS", "Write user and password in lower case.")
        if scope["path"] in _PAGES:
            # The visitor of a page types the password there, whatever name its address has.
            await self._pass_on({**scope, "query_string": b""}, headers, receive, send)
            return
        credentials = read_credentials(headers, fields)
        user = await self._known(credentials)
        if user is None or scope["path"] != "/":
            await self._pass_on(scope, headers, receive, send)
            return
        if scope["method"] not in ("GET", "POST", "HEAD"):
            raise failure(BAD_ARGUMENTS, "BAD_ARGUMENTS", "Statements are sent by GET or POST.")
        body = await _read_all(receive)
        if is_form(headers.get("content-type", "")):
            fields, body = {**fields, **read_form(headers["content-type"], body)}, b""
        question = read_question(fields, headers, body)
        turns = self._turns.setdefault(user.name, ConcurrencyLimit(ANALYST_QUERIES, _WAIT_SECONDS))
        async with turns.take():
            await self._ask(user, question, scope["method"], headers, receive, send)

    async def _known(self, credentials: Credentials) -> FoundUser | None:
        """Return the SQL user, or None for a user that only the server knows. Raises `StatementError` for a wrong
        password and for user names that clients may not use.
        """
        name, password = credentials
        if name in _NOT_FOR_CLIENTS or not name.isprintable():
            raise unknown_user("?")
        found = await asyncio.to_thread(self._find_user, name) if name else None
        if found is not None:
            if not found.has_secret(password):
                raise unknown_user(name)
            return found
        if name == ANALYST:
            if password or not self._is_local:
                raise unknown_user(name)
            return FoundUser(ANALYST, "", is_for_all_projects=True)
        if name and name not in SERVICES:
            raise unknown_user(name)
        return None

    async def _ask(
        self,
        user: FoundUser,
        question: Question,
        method: str,
        headers: Mapping[str, str],
        receive: Receive,
        send: Send,
    ) -> None:
        killed = read_kill(question.text)
        if killed is not None:
            if self._running.get(killed) != user.name:
                raise failure(ACCESS_DENIED, "ACCESS_DENIED", "Not enough privileges: it is another user's query.")
            sql = question.text
        else:
            if self._sandbox is None:
                self._sandbox = Sandbox(Functions(await self._parser.functions()), self._parser)
            if not question.text.strip():
                raise failure(SYNTAX_ERROR, "SYNTAX_ERROR", "Empty query.")
            statement = await self._sandbox.check(
                question.text, question.parameters, is_for_all_projects=user.is_for_all_projects
            )
            # The checked text is the text that runs.
            sql = statement.sql + (f"\nFORMAT {statement.format}".encode() if statement.format else b"")
        if question.query_id in self._running:
            raise failure(
                QUERY_IS_RUNNING_ALREADY,
                "QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING",
                f"Query with id = {question.query_id} is already running.",
            )
        sent = {name: value for name, value in headers.items() if name in ("accept-encoding", "x-clickhouse-format")}
        target = question.target(user.name)
        if user.is_for_all_projects:
            sent |= self._users.headers(ANALYST)
        else:
            _check_counting(question)
            target += "&output_format_write_statistics=0"
            sent |= self._users.headers(PROJECT_ANALYST)
            sent[PROJECTS_HEADER] = ",".join(user.project_ids)
            if self._is_sharded:
                target += f"&{urlencode({PROJECTS_SETTING: sent[PROJECTS_HEADER]})}"
        body: Body = sql
        if question.parameters:
            body = statement_form(sql.decode(), question.parameters)
            sent["content-type"] = body.content_type
        self._running[question.query_id] = user.name
        try:
            await self._forward(
                self._upstream,
                *("POST", target, sent, body, receive, send),
                is_head=method == "HEAD",
                left_out=frozenset() if user.is_for_all_projects else _COUNTING_HEADERS,
            )
        finally:
            del self._running[question.query_id]

    async def _pass_on(self, scope: dict[str, Any], headers: dict[str, str], receive: Receive, send: Send) -> None:
        """Pass the request on unchanged; the server checks it."""
        target = scope["raw_path"].decode("latin-1") if scope.get("raw_path") else scope["path"]
        if scope["query_string"]:
            target += f"?{scope['query_string'].decode('latin-1')}"
        sent = {name: value for name, value in headers.items() if name not in _HOP_BY_HOP and name != "content-length"}
        sent.pop(PROJECTS_HEADER.lower(), None)
        has_body = "content-length" in headers or "transfer-encoding" in headers
        if "content-length" in headers:
            sent["Content-Length"] = headers["content-length"]
        is_read = asyncio.Event()
        body = _pieces(receive, is_read) if has_body else None
        await self._forward(
            self._passing,
            *(scope["method"], target, sent, body, receive, send),
            is_read=is_read if has_body else None,
        )

    async def _forward(
        self,
        upstream: Upstream,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: Body,
        receive: Receive,
        send: Send,
        *,
        is_head: bool = False,
        is_read: asyncio.Event | None = None,
        left_out: frozenset[str] = frozenset(),
    ) -> None:
        """Send a request to the server and its answer back; stop the request when the client disconnects before the
        end.

        `is_read` is set once a body that comes from `receive` was read to its end; until then, reading the body notices
        that the client has disconnected.
        """
        forwarding = asyncio.ensure_future(
            _exchange(upstream, method, target, headers, body, send, is_head=is_head, left_out=left_out)
        )
        leaving = asyncio.ensure_future(_disconnected(receive, is_read))
        try:
            await asyncio.wait({forwarding, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if not forwarding.done():
                raise ClientGoneError
            await forwarding
        finally:
            for task in (forwarding, leaving):
                if not task.done():
                    task.cancel()
                    with suppress(asyncio.CancelledError):
                        await task


async def _exchange(
    upstream: Upstream,
    method: str,
    target: str,
    headers: Mapping[str, str],
    body: Body,
    send: Send,
    *,
    is_head: bool,
    left_out: frozenset[str],
) -> None:
    async with upstream.request(method, target, headers, body) as answer:
        kept = [
            (name.lower().encode("latin-1"), value.encode("latin-1"))
            for name, value in answer.headers.items()
            if name.lower() not in _HOP_BY_HOP | left_out
        ]
        await send({"type": "http.response.start", "status": answer.status, "headers": kept})
        if not is_head:
            async for piece in upstream.pieces(answer):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def _check_counting(question: Question) -> None:
    """Raise `StatementError` for a field that reveals the number of rows of all projects."""
    for name in sorted(_COUNTING_FIELDS & question.fields.keys()):
        raise failure(READONLY, "READONLY", f"Cannot modify '{name}': it counts rows of all projects.")


def _is_foreign(headers: Mapping[str, str], *, is_local: bool) -> bool:
    """Return whether another site's page sent the request. With `is_local`, a request for a host that is not this
    machine counts as well, since a site may let its name point to this machine.
    """
    try:
        host = urlsplit(f"//{headers.get('host', '')}")
        origin = urlsplit(headers.get("origin", ""))
        if is_local and host.hostname not in _OUR_NAMES:
            return True
    except ValueError:
        return True
    if "origin" in headers and (origin.scheme, origin.netloc) != ("http", host.netloc):
        return True
    # Requests for a page's pictures and scripts carry no origin; browsers name the page's site here.
    return headers.get("sec-fetch-site", "none") not in ("none", "same-origin")


async def _pieces(receive: Receive, is_read: asyncio.Event) -> AsyncIterator[bytes]:
    """Yield the body of a request, then set `is_read`. Raises `ClientGoneError` when the client disconnects earlier, or
    sends nothing for a minute.
    """
    while True:
        try:
            message = await asyncio.wait_for(receive(), _PIECE_SECONDS)
        except TimeoutError as error:
            raise ClientGoneError from error
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        if message.get("body"):
            yield message["body"]
        if not message.get("more_body"):
            is_read.set()
            return


async def _read_all(receive: Receive) -> bytes:
    found = bytearray()
    try:
        async with asyncio.timeout(_STATEMENT_SECONDS):
            async for piece in _pieces(receive, asyncio.Event()):
                found += piece
                if len(found) > _MAX_STATEMENT_BYTES:
                    raise failure(
                        QUERY_IS_TOO_LARGE, "QUERY_IS_TOO_LARGE", "A statement of this user has 1 MiB at most."
                    )
    except TimeoutError as error:
        raise failure(BAD_ARGUMENTS, "BAD_ARGUMENTS", "The statement did not come in time.") from error
    return bytes(found)


async def _disconnected(receive: Receive, is_read: asyncio.Event | None) -> None:
    if is_read is not None:
        await is_read.wait()
    while (await receive())["type"] != "http.disconnect":
        continue


async def _say(send: Send, status: int, text: bytes, headers: list[tuple[bytes, bytes]] | None = None) -> None:
    kept = [(b"content-type", b"text/plain; charset=UTF-8"), (b"content-length", str(len(text)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": kept + (headers or [])})
    await send({"type": "http.response.body", "body": text, "more_body": False})
