"""The stream: what is there at once, what changes, and how many there may be."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest

from event_lens.warehouse.client import Warehouse
from query.stream import STREAMS_AT_ONCE
from tests.unit.query.sample_projects import World


def address(world: World, name: str) -> str:
    return f"{world.url}/insights/{world.projects[name].project_id}/stream"


def told(response: httpx.Response) -> Iterator[tuple[str, Any]]:
    """Each event's name and data."""
    name = ""
    for line in response.iter_lines():
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield name, json.loads(line.removeprefix("data: "))


def test_a_stream_tells_what_is_there_and_then_that_a_build_brought_new_data(
    world: World, warehouse: Warehouse
) -> None:
    with httpx.stream("GET", address(world, "shop"), headers=world.keys["shop"], timeout=30) as response:
        assert response.status_code == 200
        assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
        events = told(response)
        assert next(events) == ("live", {"visitors": 0, "pages": []})
        name, first = next(events)
        assert (name, set(first)) == ("data", {"completeThrough"})
        warehouse.command("INSERT INTO lens_staging.builds VALUES ('another', now64(3))")
        name, _ = next(events)
        assert name == "data"


def test_a_project_takes_half_of_the_streams_and_frees_them_when_its_clients_disconnect(world: World) -> None:
    with ExitStack() as opened:
        client = opened.enter_context(httpx.Client(timeout=30, limits=httpx.Limits(max_connections=None)))

        def open_one(name: str) -> httpx.Response:
            return opened.enter_context(client.stream("GET", address(world, name), headers=world.keys[name]))

        for _ in range(STREAMS_AT_ONCE // 2):
            assert open_one("plain").status_code == 200
        refused = open_one("plain")
        assert (refused.status_code, json.loads(refused.read())["error"]["code"]) == (429, "project_busy")
        assert open_one("shop").status_code == 200
    # The place is free again: one more stream is answered.
    with httpx.stream("GET", address(world, "plain"), headers=world.keys["plain"], timeout=30) as response:
        assert response.status_code == 200


@pytest.mark.parametrize(("key", "status"), [("berlin", 403), ("shop write", 403), ("", 401)])
def test_a_stream_tells_only_of_its_own_project(world: World, key: str, status: int) -> None:
    assert httpx.get(address(world, "shop"), headers=world.keys.get(key, {})).status_code == status


def test_a_stream_takes_no_parameters(world: World) -> None:
    assert httpx.get(address(world, "shop"), headers=world.keys["shop"], params={"range": "7d"}).status_code == 400
