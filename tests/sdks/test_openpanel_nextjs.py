"""npm @openpanel/nextjs's route handler, unmodified, between browsers and the collector."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import pytest

from event_lens.warehouse.client import Warehouse
from tests.sdks.client_process import NODE, need_node
from tests.sdks.conftest import BASE_PATH
from tests.sdks.site import HOST, Site
from tests.unit.collector.conftest import CollectorProcess

pytestmark = pytest.mark.usefixtures("node")
SEOUL, BERLIN = "203.0.113.7", "198.51.100.9"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0"


@pytest.fixture(scope="module")
def node() -> None:
    need_node()


@contextmanager
def next_server(api: str) -> Iterator[str]:
    """The handler's address while the block lasts; it passes on to `api`."""
    with subprocess.Popen(
        ["node", "next_server.mjs", api], cwd=NODE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}/api/op"
        process.stdin.close()


@pytest.fixture(scope="module")
def handler(collector: CollectorProcess, node: None) -> Iterator[str]:
    with next_server(f"{collector.url}{BASE_PATH}") as url:
        yield url


def browser(site: Site, address: str = SEOUL) -> dict[str, str]:
    """The headers that reach the handler of a browser at `address`."""
    return {
        "openpanel-client-id": site.client_id,
        "origin": f"https://{HOST}",
        "user-agent": FIREFOX,
        "x-forwarded-for": f"{address}, 10.0.0.1",
    }


def track(handler: str, site: Site, name: str, address: str = SEOUL) -> httpx.Response:
    body = {"type": "track", "payload": {"name": name, "properties": {"__path": f"https://{HOST}/ko"}}}
    return httpx.post(f"{handler}/track", json=body, headers=browser(site, address))


def test_an_event_goes_through_the_handler_and_its_answer_comes_back(handler: str, site: Site) -> None:
    answer = track(handler, site, "opened")
    assert answer.status_code == 200
    assert answer.json()["success"] is True
    (row,) = site.events()
    assert (row["name"], row["path"], row["origin"]) == ("opened", "/ko", f"https://{HOST}")
    assert (row["browser"], row["device_kind"]) == ("Firefox", "derived")
    assert row["device_id"] == answer.json()["deviceId"]


def test_the_handler_asks_for_the_device_id(handler: str, site: Site) -> None:
    answer = httpx.get(f"{handler}/track/device-id", headers=browser(site))
    assert answer.status_code == 200
    assert answer.json() == {key: track(handler, site, "a").json()[key] for key in ("deviceId", "sessionId")}


def test_an_address_named_by_a_stranger_is_not_believed(handler: str, site: Site) -> None:
    assert track(handler, site, "a", SEOUL).json()["deviceId"] == track(handler, site, "b", BERLIN).json()["deviceId"]


def test_visitors_are_told_apart_by_address_when_the_handlers_server_is_a_trusted_proxy(
    site: Site, warehouse: Warehouse, warehouse_url: str, start_collector: Callable[..., CollectorProcess]
) -> None:
    trusting = start_collector(
        warehouse_url,
        EVENTLENS_TRUSTED_PROXIES="127.0.0.1",
        EVENTLENS_REGISTRY_URL=site.collector.settings.registry_address,
    )
    with next_server(trusting.url) as handler:
        seoul = track(handler, site, "a", SEOUL).json()["deviceId"]
        assert track(handler, site, "b", BERLIN).json()["deviceId"] != seoul
        assert track(handler, site, "c", SEOUL).json()["deviceId"] == seoul
    trusting.wait_until_landed()
    rows = site.events()
    assert sorted(row["name"] for row in rows) == ["a", "b", "c"]
    assert SEOUL not in str(rows)


def test_a_refusal_comes_through_with_its_status(handler: str, site: Site) -> None:
    answer = httpx.post(f"{handler}/track", json={}, headers=browser(site) | {"origin": "https://evil.example"})
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "origin_refused"
    answer = httpx.post(f"{handler}/track", json={"type": "dance", "payload": {}}, headers=browser(site))
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "type_unknown")
