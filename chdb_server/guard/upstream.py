"""The server behind the guard, over HTTP."""

import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, cast

import aiohttp
from yarl import URL

from chdb_server.config import PARSER
from chdb_server.guard.engine_users import EngineUsers
from chdb_server.guard.failure import StatementError, read_failure

_CONNECT_SECONDS = 10
_PIECE_BYTES = 1 << 16
# The end of the text of a server's exception.
_NAME_AND_VERSION = re.compile(r"\([A-Z0-9_]+\)(?: \(version [^)]*\))?$")

UnreachableError = aiohttp.ClientConnectionError
"""The server cannot be reached, or hung up."""

Body = bytes | AsyncIterator[bytes] | aiohttp.MultipartWriter | None


class BrokenAnswerError(Exception):
    """The server cut an answer off, as happens when a question fails while its answer is being sent."""


class Upstream:
    """Requests to the server, `limit` of them at a time (0: any number). Compressed answers stay compressed."""

    def __init__(self, users: EngineUsers, limit: int = 0) -> None:
        self._limit = limit
        self._users = users
        self._session: aiohttp.ClientSession | None = None

    @asynccontextmanager
    async def request(
        self, method: str, target: str, headers: Mapping[str, str], body: Body
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Yield the answer to a request. Leaving the block before its end closes the connection, which stops a
        question.
        """
        address = URL(f"{self._users.url}{target}", encoded=True)
        async with self._opened().request(method, address, headers=headers, data=body, allow_redirects=False) as answer:
            yield answer

    async def pieces(self, answer: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
        """Yield the body of an answer, each piece when the next one or the end has come. Raises `BrokenAnswerError`
        after the last piece when the server cut the answer off.
        """
        # A client that has all rows may ask again before it sees the end of the answer. Its session must be free then,
        # and the server frees it before the end, not before the last piece.
        held = b""
        try:
            async for piece in answer.content.iter_chunked(_PIECE_BYTES):
                if held:
                    yield held
                held = piece
            if held:
                yield held
        except (aiohttp.ClientPayloadError, aiohttp.ClientConnectionError) as error:
            # The server sends the reason before it breaks off; the reader returns that text only once its exception is
            # cleared.
            answer.content.set_exception(cast(BaseException, None))
            yield held + answer.content.read_nowait()
            raise BrokenAnswerError from error

    async def ask(self, sql: str, parameters: Mapping[str, str]) -> bytes:
        """Return the answer to a small question that the guard itself asks. Raises `StatementError` when the server
        refuses it.
        """
        address = URL(self._users.url).with_path("/").with_query({"default_format": "RawBLOB"})
        body = statement_form(sql, parameters)
        headers = {**self._users.headers(PARSER), "Content-Type": body.content_type}
        async with self._opened().post(address, headers=headers, data=body) as answer:
            found = await answer.read()
            if answer.status != 200:
                raise read_failure(found.decode(errors="replace").strip())
            return found

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                auto_decompress=False,
                skip_auto_headers=("User-Agent", "Content-Type", "Accept-Encoding"),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS),
                connector=aiohttp.TCPConnector(limit=self._limit),
            )
        return self._session


def statement_form(sql: str, parameters: Mapping[str, str]) -> aiohttp.MultipartWriter:
    """Return a form with a statement and its parameters, which may be longer than the server takes in a URL."""
    form = aiohttp.MultipartWriter("form-data")
    for name, value in {"query": sql, **{f"param_{name}": value for name, value in parameters.items()}}.items():
        form.append(value).set_content_disposition("form-data", name=name)
    return form


class Parser:
    """The server's own parser: the tree of a statement, and the statement regenerated from that tree."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream

    async def rewrite(self, sql: bytes) -> bytes:
        """Return the one statement in `sql` as the parser understood it and writes it, without comments. Raises
        `StatementError`.
        """
        try:
            return await self._upstream.ask("SELECT formatQuerySingleLine({q:String})", {"q": _escaped(sql.decode())})
        except StatementError as error:
            # The text of the analyst's statement, without our query around it.
            text, _, around = error.text.partition(": In scope SELECT formatQuerySingleLine(")
            end = _NAME_AND_VERSION.search(around)
            raise StatementError(error.code, f"{text}. {end[0]}" if end else text) from error

    async def parse(self, sql: bytes) -> tuple[bytes, bytes]:
        """Return the tree of the question `sql` as JSON, and the question that the server makes from that tree
        alone.
        """
        sql_of_both = (
            "SELECT parseQueryToJSON({q:String}) AS tree, formatQueryFromJSON(tree) FORMAT JSONCompactStringsEachRow"
        )
        tree, rebuilt = json.loads(await self._upstream.ask(sql_of_both, {"q": _escaped(sql.decode())}))
        return tree.encode(), rebuilt.encode()

    async def functions(self) -> list[tuple[str, bool, str, str, str]]:
        """Return for each function its name, whether it aggregates, the function it is an alias of, its categories
        and its origin.
        """
        listed = await self._upstream.ask(
            "SELECT lower(name), is_aggregate, lower(alias_to), categories, origin FROM system.functions "
            "FORMAT TabSeparatedRaw",
            {},
        )
        rows: list[Any] = [line.split("\t") for line in listed.decode().splitlines()]
        return [(name, flag == "1", alias, kind, origin) for name, flag, alias, kind, origin in rows]


def _escaped(text: str) -> str:
    """Return `text` as the server takes the value of a parameter: as a field of a tab-separated line."""
    for raw, written in (("\\", "\\\\"), ("\t", "\\t"), ("\n", "\\n"), ("\0", "\\0")):
        text = text.replace(raw, written)
    return text
