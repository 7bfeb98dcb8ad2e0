"""An assistant asks by the protocol's own client: the same answers, rights and refusals as over the API."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import httpx
import httpx2
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client

from docs.generate.reports import PERIOD, example_parameters
from query.reports import REPORTS, identifier_of
from tests.unit.query.client.test_client import key_of
from tests.unit.query.sample_projects import World

Ask = Callable[..., httpx.Response]
Talk = Callable[[Client], Awaitable[None]]
COMMAND = [sys.executable, "-m", "cli.main", "mcp"]


def over_http(world: World, key: Mapping[str, str], talk: Talk) -> None:
    async def run() -> None:
        http = httpx2.AsyncClient(headers=dict(key), timeout=30)
        async with http, Client(streamable_http_client(f"{world.url}/mcp", http_client=http)) as client:
            await talk(client)

    asyncio.run(run())


def reader_of_shop(world: World) -> dict[str, str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("EVENTLENS_")}
    return environment | {"EVENTLENS_QUERY_URL": world.url, "EVENTLENS_QUERY_KEY": key_of(world, "shop")}


def over_stdio(world: World, talk: Talk) -> None:
    command = StdioServerParameters(command=sys.executable, args=COMMAND[1:], env=reader_of_shop(world))

    async def run() -> None:
        async with Client(stdio_client(command)) as client:
            await talk(client)

    asyncio.run(run())


@pytest.fixture(params=["http", "stdio"])
def converse(request: pytest.FixtureRequest, world: World) -> Callable[[Talk], None]:
    """Lets an assistant that reads the project `shop` talk to a server."""
    if request.param == "http":
        return lambda talk: over_http(world, world.keys["shop"], talk)
    return lambda talk: over_stdio(world, talk)


def test_every_report_is_a_tool_that_answers_as_the_api_does(converse: Callable[[Talk], None], ask: Ask) -> None:
    async def talk(client: Client) -> None:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert list(tools) == [identifier_of(report) for report in REPORTS.values()]
        assert tools["attribution"].input_schema["required"] == ["goal"]
        assert tools["pages"].input_schema["properties"]["filters"]["type"] == "array"
        for report in REPORTS.values():
            called = await client.call_tool(identifier_of(report), example_parameters(report))
            assert not called.is_error, called.content
            given[report.name] = called.structured_content["data"]
            assert json.loads(called.content[0].text) == called.structured_content  # type: ignore[union-attr]
        german = [{"name": "country", "operator": "is", "value": ["DE"]}]
        filtered = await client.call_tool("pages", {"filters": german, "limit": 1, **PERIOD})
        assert [row["unique_visitors"] for row in filtered.structured_content["data"]] == [1]
        for name, written, message in (
            ("pags", {}, "did you mean 'pages'?"),
            ("pages", {"limt": 5}, "parameter_invalid: Unknown parameter 'limt'; did you mean 'limit'?"),
            ("pages", {"range": "soon"}, "range_invalid"),
            ("funnel", {"steps": 5}, "request_invalid"),
        ):
            refused = await client.call_tool(name, written)
            assert refused.is_error
            assert message in refused.content[0].text  # type: ignore[union-attr]

    given: dict[str, Any] = {}
    converse(talk)
    for report in REPORTS.values():
        if not report.in_address and not report.has_body and report.name != "live":
            assert given[report.name] == ask("shop", report.name, **example_parameters(report)).json()["data"]


def test_all_requests_of_one_write_are_answered_before_the_end(world: World) -> None:
    hello = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "pipe", "version": "1"}}
    messages: list[dict[str, Any]] = [
        {"id": 1, "method": "initialize", "params": hello},
        {"method": "notifications/initialized"},
        {"id": 2, "method": "tools/list"},
        *({"id": n, "method": "tools/call", "params": {"name": "pages", "arguments": PERIOD}} for n in (3, 4)),
    ]
    written = "".join(json.dumps({"jsonrpc": "2.0"} | message) + "\n" for message in messages)
    ended = subprocess.run(
        COMMAND, input=written, env=reader_of_shop(world), capture_output=True, text=True, timeout=120, check=True
    )
    answers = {answer["id"]: answer for answer in map(json.loads, ended.stdout.splitlines())}
    assert sorted(answers) == [1, 2, 3, 4], ended.stderr
    assert len(answers[2]["result"]["tools"]) == len(REPORTS)
    assert [answers[n]["result"].get("isError", False) for n in (3, 4)] == [False, False]


def test_an_assistant_without_a_right_key_is_refused(world: World) -> None:
    right = world.keys["shop"]
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    headers = {"Accept": "application/json, text/event-stream"}
    for key, status, code in (
        ({}, 401, "client_unauthorized"),
        (right | {"openpanel-client-secret": "wrong"}, 401, "client_unauthorized"),
        (world.keys["write"], 403, "project_forbidden"),
    ):
        response = httpx.post(f"{world.url}/mcp", json=call, headers=headers | dict(key))
        assert (response.status_code, response.json()["error"]["code"]) == (status, code)
    assert httpx.get(f"{world.url}/mcp", headers=right).status_code == 405


def test_an_assistant_reads_only_the_project_of_its_key(world: World) -> None:
    async def talk(client: Client) -> None:
        called = await client.call_tool("pages", {"range": "5y"})
        assert called.structured_content["data"] == []

    over_http(world, world.keys["empty"], talk)
