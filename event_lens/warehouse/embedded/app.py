"""ClickHouse's HTTP interface as an ASGI application."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import nullcontext
from typing import Any, TypeVar
from urllib.parse import urlsplit

from event_lens.warehouse.embedded.body import Body, ClientGoneError, Receive
from event_lens.warehouse.embedded.exchange import Exchange, House
from event_lens.warehouse.embedded.external import ExternalTable, aspects, read_tables
from event_lens.warehouse.embedded.failure import (
    BAD_ARGUMENTS,
    QUERY_IS_RUNNING_ALREADY,
    StatementError,
    failure,
    read_failure,
)
from event_lens.warehouse.embedded.form import Form, is_form, read_form
from event_lens.warehouse.embedded.reply import Reply, Send, say
from event_lens.warehouse.embedded.request import ANALYST, Request, read_fields, read_headers, read_request
from event_lens.warehouse.embedded.session import Sessions

T = TypeVar("T")

# The second is where load balancers ask; there are no replicas that could lag.
_HEALTH = frozenset({"/ping", "/replicas_status"})
_OUR_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})


class App:
    """Answers `/ping`, `/replicas_status`, and statements on `/`.

    No web page reaches it: `Origin` and a foreign `Host` are refused.
    """

    def __init__(self, house: House) -> None:
        self._house = house
        self._sessions = Sessions(house.engine)
        self._is_closing = False
        self._running: set[asyncio.Future[None]] = set()

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        headers = read_headers(scope)
        if "origin" in headers or _host_name(headers) not in _OUR_NAMES:
            await say(send, 403, b"Requests from web pages or for another host are refused.\n")
        elif scope["path"] in _HEALTH or _asks_nothing(scope):
            await say(send, 503, b"Closing.\n") if self._is_closing else await say(send, 200, b"Ok.\n")
        elif scope["path"] != "/" or scope["method"] not in ("GET", "POST"):
            await say(send, 404, b"There is no resource here: statements go to / by GET or POST.\n")
        elif self._is_closing:
            await say(send, 503, b"The warehouse is closing.\n")
        else:
            done = asyncio.get_running_loop().create_future()
            self._running.add(done)
            try:
                await self._serve(scope, headers, receive, send)
            finally:
                self._running.discard(done)
                done.set_result(None)

    async def _serve(self, scope: dict[str, Any], headers: dict[str, str], receive: Receive, send: Send) -> None:
        reply = Reply(send, self._house)
        form = Form()
        try:
            fields = read_fields(scope)
            request = read_request(scope, headers, fields)
            reply.query_id = request.query_id
            body = Body(receive, headers.get("content-encoding", ""), in_blocks=fields.get("decompress") == "1")
            if is_form(headers):
                form = await read_form(headers["content-type"], body.rest(), self._house.folder)
                fields |= form.fields
                request = read_request(scope, headers, fields, aspects(form.files))
            tables = read_tables(form.files, fields)
            body.begin_with(request.query + b"\n" if request.query else b"")
            async with self._house.analyst_turns.take() if request.user == ANALYST else nullcontext():
                await self._answer(request, body, tables, reply, receive)
        except ClientGoneError:
            return
        except StatementError as error:
            await reply.fail(error)
        except UnicodeError:
            await reply.fail(failure(BAD_ARGUMENTS, "BAD_ARGUMENTS", "The statement has to be UTF-8."))
        except RuntimeError as error:
            await reply.fail(read_failure(error))
        finally:
            form.close()

    async def _answer(
        self, request: Request, body: Body, tables: list[ExternalTable], reply: Reply, receive: Receive
    ) -> None:
        running = self._house.running
        if request.query_id in running:
            message = f"Query with id = {request.query_id} is already running."
            raise failure(QUERY_IS_RUNNING_ALREADY, "QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING", message)
        running[request.query_id] = request.user
        try:
            await self._answer_with_connection(request, body, tables, reply, receive)
        finally:
            del running[request.query_id]
        # Only now, so that a client that has the whole answer finds its session and its query id free again.
        await reply.end()

    async def _answer_with_connection(
        self, request: Request, body: Body, tables: list[ExternalTable], reply: Reply, receive: Receive
    ) -> None:
        connection = await self._call(lambda: self._sessions.lend(request))
        try:
            answer = await Exchange(self._house, connection, request, tables).run(body)
            await _send_while_connected(reply.send(answer, request), receive)
        finally:
            await asyncio.shield(self._call(lambda: self._sessions.take_back(request, connection)))

    async def drain(self, seconds: float) -> None:
        """Take no more statements, give the running ones `seconds` to end, then stop them and close all sessions."""
        self._is_closing = True
        if self._running:
            await asyncio.wait(self._running, timeout=seconds)
        if self._running:
            await self._call(self._house.engine.kill)
            await asyncio.wait(self._running, timeout=seconds)
        self._sessions.close()

    async def _call(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._house.calls, work)


async def _send_while_connected(send_answer: Coroutine[Any, Any, None], receive: Receive) -> None:
    """Send the answer, and stop its statement when the client goes away before the end."""
    sending = asyncio.ensure_future(send_answer)
    leaving = asyncio.ensure_future(_disconnected(receive))
    try:
        await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not sending.done():
            raise ClientGoneError
        await sending
    finally:
        leaving.cancel()
        if not sending.done():
            sending.cancel()
            await asyncio.wait({sending})


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        continue


def _asks_nothing(scope: dict[str, Any]) -> bool:
    return scope["path"] == "/" and scope["method"] in ("GET", "HEAD") and not scope["query_string"]


def _host_name(headers: dict[str, str]) -> str | None:
    try:
        return urlsplit(f"//{headers.get('host', '')}").hostname
    except ValueError:
        return None
