"""The reports as tools of an assistant, over the Model Context Protocol: the same questions with the same rights."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp.types import (
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
    Tool,
    ToolAnnotations,
)

from event_lens import __version__
from event_lens.errors import EventLensError
from event_lens.nearest import nearest
from query.errors import invalid
from query.parameters import FilterList
from query.report import AnyReport, Report
from query.reports import REPORTS, identifier_of
from query.schema import schema_of
from query.unanswered import Incoming, Outgoing, Unanswered

if TYPE_CHECKING:
    from query.client.source import Source

NAME = "event-lens"
INSTRUCTIONS = (
    "Questions about one project's visitors, sessions, events, funnels, retention and revenue. Dates are those of the "
    "project's time zone (`meta.timezone`); without a period the last 30 days are meant. Numbers after "
    "`meta.completeThrough` are not complete yet; `meta.notes` says what numbers leave out."
)

Context = ServerRequestContext[Any, Any]
Asker = Callable[[Context, AnyReport, Mapping[str, Any]], Awaitable[bytes]]
"""Returns a report's answer as JSON, given its written parameters. Raises `EventLensError`."""


def build_server(ask: Asker) -> Server[Any]:
    """Build a server with a tool for every report."""

    async def list_tools(_context: Context, _parameters: PaginatedRequestParams | None) -> ListToolsResult:
        return ListToolsResult(tools=list(tools().values()))

    async def call_tool(context: Context, call: CallToolRequestParams) -> CallToolResult:
        try:
            answer = await ask(context, find_tool(call.name), call.arguments or {})
        except EventLensError as error:
            # Returned to the assistant, which can correct its question.
            return CallToolResult(content=[TextContent(text=f"{error.code}: {error.message}")], is_error=True)
        return CallToolResult(
            content=[TextContent(text=answer.decode())], structured_content=msgspec.json.decode(answer)
        )

    return Server(
        NAME, version=__version__, instructions=INSTRUCTIONS, on_list_tools=list_tools, on_call_tool=call_tool
    )


@cache
def tools() -> dict[str, Tool]:
    """Return the tools by name, in the order of the list of reports."""
    return {identifier_of(report): _tool(report) for report in REPORTS.values()}


def find_tool(name: str) -> Report[Any]:
    """Return the report of a tool. Raises `Refused` (`question_invalid`), which suggests the nearest name."""
    known = {identifier_of(report): report for report in REPORTS.values()}
    if name not in known:
        near = nearest(name, known)
        raise invalid("question", f"There is no tool {name[:80]!r}" + (f"; did you mean {near!r}?" if near else "."))
    return known[name]


def serve_on_stdio(source: "Source") -> None:
    """Answer the assistant that started this process over standard input and output, until it closes them."""

    async def ask(_context: Context, report: AnyReport, written: Mapping[str, Any]) -> bytes:
        return msgspec.json.encode(await asyncio.to_thread(source.answer, report, written))

    async def serve() -> None:
        server = build_server(ask)
        async with stdio_server() as (incoming, outgoing):
            unanswered = Unanswered()
            await server.run(
                Incoming(incoming, unanswered), Outgoing(outgoing, unanswered), server.create_initialization_options()
            )

    asyncio.run(serve())


def _tool(report: Report[Any]) -> Tool:
    schema = schema_of(report.parameters)
    if "filters" in schema["properties"]:
        # A list in the address is JSON in a text; here it can be a list.
        schema["properties"]["filters"] = schema_of(FilterList)
    return Tool(
        name=identifier_of(report),
        title=report.summary,
        description=report.summary,
        input_schema=schema,
        output_schema=schema_of(report.answer_type),
        annotations=ToolAnnotations(read_only_hint=True, open_world_hint=False),
    )
