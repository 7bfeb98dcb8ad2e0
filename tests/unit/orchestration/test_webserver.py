"""Dagster's web interface as it is served: to its own page, and to no other."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

from event_lens.processes import running_command
from event_lens.settings import Settings, read_settings
from orchestration.dagster_home import prepare_dagster_home
from orchestration.serve import dagster_commands
from tests.ports import free_port

STOP_IN_THE_POOL = 'mutation { setConcurrencyLimit(concurrencyKey: "%s", limit: 0) }'
RUN_LOGS = 'subscription { pipelineRunLogs(runId: "nowhere") { __typename } }'


@dataclass(frozen=True)
class Page:
    """A webserver of the tests' own."""

    url: str
    home: Path
    process: subprocess.Popen[bytes]

    @property
    def own(self) -> dict[str, str]:
        return {"origin": self.url, "sec-fetch-site": "same-origin"}

    def limits(self) -> set[str]:
        with dg.DagsterInstance.from_config(str(self.home)) as instance:
            return set(instance.event_log_storage.get_concurrency_keys())

    def socket(self, origin: str, **headers: str) -> ClientConnection:
        return connect(
            f"{self.url.replace('http', 'ws')}/graphql",
            origin=Origin(origin),
            subprotocols=[Subprotocol("graphql-ws")],
            additional_headers=headers,
            proxy=None,
        )


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    home = tmp_path_factory.mktemp("webserver") / "home"
    return read_settings({"EVENTLENS_HOME": str(home), "EVENTLENS_DAGSTER_PORT": str(free_port())})


@pytest.fixture(scope="module")
def page(settings: Settings) -> Iterator[Page]:
    folder = prepare_dagster_home(settings)
    environ = {name: value for name, value in os.environ.items() if not name.startswith("EVENTLENS_")} | {
        "EVENTLENS_HOME": str(settings.home),
        "EVENTLENS_DAGSTER_PORT": str(settings.dagster_port),
        "DAGSTER_HOME": str(folder),
    }
    url = f"http://127.0.0.1:{settings.dagster_port}"
    command = dagster_commands()["dagster"]
    with running_command(command, environ, f"{url}/server_info", settings.home / "webserver.log") as process:
        yield Page(url, folder, process)


def test_the_page_is_served_and_shown_in_no_frame(page: Page) -> None:
    answer = httpx.get(f"{page.url}/runs")
    assert answer.status_code == 200
    assert "/_next/" in answer.text
    assert answer.headers["x-frame-options"] == "DENY"


def test_the_own_page_changes_what_it_asks_to_change(page: Page) -> None:
    answer = httpx.post(f"{page.url}/graphql", json={"query": STOP_IN_THE_POOL % "own"}, headers=page.own)
    assert answer.json() == {"data": {"setConcurrencyLimit": True}}
    assert "own" in page.limits()


def test_an_image_of_another_page_changes_nothing(page: Page) -> None:
    query = {"query": STOP_IN_THE_POOL % "image"}
    for headers in ({}, {"sec-fetch-site": "cross-site", "sec-fetch-dest": "image"}):
        answer = httpx.get(f"{page.url}/graphql", params=query, headers=headers)
        assert answer.status_code == 403
        assert set(answer.json()) == {"error"}
    assert "image" not in page.limits()


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"host": "evil.example"},
        {"content-type": "text/plain"},
        {"content-type": "application/x-www-form-urlencoded"},
    ],
    ids=str,
)
def test_a_form_or_script_of_another_page_changes_nothing(page: Page, headers: dict[str, str]) -> None:
    body = json.dumps({"query": STOP_IN_THE_POOL % "form"})
    answer = httpx.post(
        f"{page.url}/graphql",
        params={"query": STOP_IN_THE_POOL % "form"},
        content=body,
        headers={"content-type": "application/json"} | headers,
    )
    assert answer.status_code == 403
    assert "form" not in page.limits()


def test_a_name_that_was_pointed_at_this_machine_is_not_answered(page: Page) -> None:
    answer = httpx.get(f"{page.url}/runs", headers={"host": "rebound.example:3000"})
    assert answer.status_code == 403
    assert page.url in answer.json()["error"]["message"]


def test_the_own_page_subscribes(page: Page) -> None:
    with page.socket(page.url) as socket:
        socket.send(json.dumps({"type": "connection_init", "payload": {}}))
        assert json.loads(socket.recv(20)) == {"type": "connection_ack"}
        socket.send(json.dumps({"id": "1", "type": "start", "payload": {"query": RUN_LOGS}}))
        told = json.loads(socket.recv(20))
    assert told["payload"]["data"] == {"pipelineRunLogs": {"__typename": "PipelineRunLogsSubscriptionFailure"}}


@pytest.mark.parametrize(
    ("origin", "headers"),
    [("https://evil.example", {}), ("null", {}), ("", {"Sec-Fetch-Site": "cross-site"})],
)
def test_another_page_does_not_subscribe(page: Page, origin: str, headers: dict[str, str]) -> None:
    with pytest.raises(InvalidStatus) as refused, page.socket(origin or page.url, **headers):
        pass
    assert refused.value.response.status_code == 403


def test_it_stops_at_once_though_a_page_is_open(page: Page) -> None:
    with page.socket(page.url) as socket:
        socket.send(json.dumps({"type": "connection_init", "payload": {}}))
        socket.recv(20)
        began = time.monotonic()
        page.process.send_signal(signal.SIGTERM)
        page.process.wait(30)
    assert time.monotonic() - began < 20
