"""Dagster's web interface as it is served: to its own page, here and behind a proxy, and to no other."""

import json
import os
import signal
import ssl
import subprocess
import time
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from socket import create_connection
from urllib.parse import urlsplit

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
from tests.deploy.front import NAME, PROXIES, Certificate, Parts, visitor
from tests.ports import free_port

PASSWORD = "correct horse"
LOGIN = {"authorization": f"Basic {b64encode(f'ana:{PASSWORD}'.encode()).decode()}"}
PATH = "/dagster"
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
        return {"origin": self.origin, "sec-fetch-site": "same-origin"} | LOGIN

    @property
    def origin(self) -> str:
        return self.url.removesuffix(PATH)

    def limits(self) -> set[str]:
        with dg.DagsterInstance.from_config(str(self.home)) as instance:
            return set(instance.event_log_storage.get_concurrency_keys())

    def socket(self, origin: str, **headers: str) -> ClientConnection:
        return connect(
            f"{self.url.replace('http', 'ws')}/graphql",
            origin=Origin(origin),
            subprotocols=[Subprotocol("graphql-ws")],
            additional_headers=LOGIN | headers,
            proxy=None,
        )


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return read_settings(
        {
            "EVENTLENS_HOME": str(tmp_path_factory.mktemp("webserver") / "home"),
            "EVENTLENS_HOST": "0.0.0.0",
            "EVENTLENS_DAGSTER_PORT": str(free_port()),
            "EVENTLENS_DAGSTER_PATH": PATH,
            "EVENTLENS_DAGSTER_PASSWORD": PASSWORD,
            "EVENTLENS_PUBLIC_URL": f"https://{NAME}:{free_port()}",
        }
    )


@pytest.fixture(scope="module")
def page(settings: Settings) -> Iterator[Page]:
    folder = prepare_dagster_home(settings)
    environ = {name: value for name, value in os.environ.items() if not name.startswith("EVENTLENS_")} | {
        "EVENTLENS_HOME": str(settings.home),
        "EVENTLENS_HOST": settings.host,
        "EVENTLENS_DAGSTER_PORT": str(settings.dagster_port),
        "EVENTLENS_DAGSTER_PATH": settings.dagster_path,
        "EVENTLENS_DAGSTER_PASSWORD": settings.dagster_password,
        "EVENTLENS_PUBLIC_URL": settings.public_url,
        "DAGSTER_HOME": str(folder),
    }
    url = settings.dagster_url
    command = dagster_commands()["dagster"]
    with pytest.MonkeyPatch.context() as patch:
        # The first start over a home parses all models, which takes its time beside other work.
        patch.setattr("event_lens.processes.START_WITHIN_SECONDS", 240)
        with running_command(command, environ, f"{url}/server_info", settings.home / "webserver.log") as process:
            yield Page(url, folder, process)


def test_the_page_is_served_and_shown_in_no_frame(page: Page) -> None:
    answer = httpx.get(f"{page.url}/runs", headers=LOGIN)
    assert answer.status_code == 200
    assert f"{PATH}/_next/" in answer.text
    assert answer.headers["x-frame-options"] == "DENY"


def test_the_own_page_changes_what_it_asks_to_change(page: Page) -> None:
    answer = httpx.post(f"{page.url}/graphql", json={"query": STOP_IN_THE_POOL % "own"}, headers=page.own)
    assert answer.json() == {"data": {"setConcurrencyLimit": True}}
    assert "own" in page.limits()


def test_an_image_of_another_page_changes_nothing(page: Page) -> None:
    query = {"query": STOP_IN_THE_POOL % "image"}
    for headers in (LOGIN, LOGIN | {"sec-fetch-site": "cross-site", "sec-fetch-dest": "image"}):
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
        headers={"content-type": "application/json"} | LOGIN | headers,
    )
    assert answer.status_code == 403
    assert "form" not in page.limits()


def test_a_name_that_was_pointed_at_this_machine_is_not_answered(page: Page) -> None:
    answer = httpx.get(f"{page.url}/runs", headers=LOGIN | {"host": "rebound.example:3000"})
    assert answer.status_code == 403
    assert page.url in answer.json()["error"]["message"]


def test_the_own_page_subscribes(page: Page) -> None:
    with page.socket(page.origin) as socket:
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
    with pytest.raises(InvalidStatus) as refused, page.socket(origin or page.origin, **headers):
        pass
    assert refused.value.response.status_code == 403


@pytest.fixture(scope="module", params=PROXIES)
def public_port(
    request: pytest.FixtureRequest,
    page: Page,
    settings: Settings,
    certificate: Certificate,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[int]:
    """The port of the public address, at which a proxy listens."""
    nobody = f"127.0.0.1:{free_port()}"
    port = urlsplit(settings.public_url).port or 0
    parts = Parts(nobody, nobody, f"127.0.0.1:{settings.dagster_port}")
    with PROXIES[request.param](tmp_path_factory.mktemp(request.param), certificate, parts, port):
        yield port


def test_behind_a_proxy_the_page_asks_for_the_password(public_port: int, certificate: Certificate) -> None:
    with visitor(certificate, public_port) as client:
        asked = client.get("/dagster/runs")
        assert asked.status_code == 401
        assert asked.headers["www-authenticate"].startswith("Basic ")
        assert client.get("/dagster/runs", auth=("ana", "wrong")).status_code == 401
        served = client.get("/dagster/runs", auth=("ana", PASSWORD))
        assert (served.status_code, "/dagster/_next/" in served.text) == (200, True)


def test_behind_a_proxy_the_own_page_asks_and_others_do_not(
    settings: Settings, public_port: int, certificate: Certificate
) -> None:
    with visitor(certificate, public_port) as client:
        for origin, status in ((settings.public_url, 200), ("https://evil.example", 403)):
            answer = client.post(
                "/dagster/graphql",
                json={"query": "{ version }"},
                headers={"origin": origin},
                auth=("ana", PASSWORD),
            )
            assert answer.status_code == status


def test_behind_a_proxy_the_own_page_subscribes(settings: Settings, public_port: int, certificate: Certificate) -> None:
    with connect(
        f"wss://{NAME}:{public_port}/dagster/graphql",
        sock=create_connection(("127.0.0.1", public_port)),
        ssl=ssl.create_default_context(cafile=str(certificate.certificate)),
        server_hostname=NAME,
        origin=Origin(settings.public_url),
        subprotocols=[Subprotocol("graphql-ws")],
        additional_headers=LOGIN,
        proxy=None,
    ) as socket:
        socket.send(json.dumps({"type": "connection_init", "payload": {}}))
        assert json.loads(socket.recv(20)) == {"type": "connection_ack"}


def test_on_ctrl_c_the_server_stops_at_once_and_quietly_although_a_page_is_open(page: Page) -> None:
    with page.socket(page.origin) as socket:
        socket.send(json.dumps({"type": "connection_init", "payload": {}}))
        socket.recv(20)
        began = time.monotonic()
        page.process.send_signal(signal.SIGINT)
        assert page.process.wait(30) == 0
    assert time.monotonic() - began < 20
    assert "Traceback" not in (page.home.parent / "webserver.log").read_text()
