"""One host and port by nginx and by Caddy: TLS, the way to each part, clients' addresses, long bodies, streams."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from collector.http.browser_script import script_text
from tests.deploy.conftest import BASE_PATH, BEHIND, EXCLUDED, Front
from tests.deploy.front import PROXIES, Certificate, Parts, visitor
from tests.deploy.test_files import ingress_paths
from tests.ports import free_port

EVENT = b'{"type":"track","payload":{"name":"clicked"}}'
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0"


@pytest.mark.parametrize("part", ["collector", "query"])
def test_a_part_listens_at_its_host_and_nowhere_else(front: Front, part: str) -> None:
    settings = front.collector.settings
    port = settings.collector_port if part == "collector" else settings.query_port
    assert httpx.get(f"http://{BEHIND}:{port}/health").status_code == 200
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{port}/health")


def test_plain_http_leads_to_tls(front: Front) -> None:
    answer = httpx.get(f"http://127.0.0.1:{front.plain_port}/op1.js", headers={"host": "stats.example.com"})
    assert answer.status_code in (301, 308)
    assert answer.headers["location"].startswith("https://stats.example.com")


@pytest.mark.parametrize("base", ["", BASE_PATH])
def test_the_wire_leads_to_the_collector(front: Front, base: str) -> None:
    with front.visitor() as client:
        for path in ("track", "track/batch", "identify", "increment", "decrement", "alias", "api/events"):
            answer = client.post(f"{base}/{path}", content=b"[]", headers={"origin": "https://shop.example.com"})
            # The query API lets no page read its answers.
            assert answer.headers.get("access-control-allow-origin") == "https://shop.example.com", path
        taken = client.post(f"{base}/track", content=EVENT, headers=front.collector.headers)
        assert (taken.status_code, taken.json()["success"]) == (200, True)
        preflight = client.options(f"{base}/track", headers={"origin": "https://shop.example.com"})
        assert preflight.status_code == 204


@pytest.mark.parametrize("base", ["", BASE_PATH])
def test_the_script_is_compressed_and_asked_for_again_with_its_tag(front: Front, base: str) -> None:
    with front.visitor() as client:
        answer = client.get(f"{base}/op1.js")
        assert answer.content == script_text()
        assert answer.headers["content-encoding"] == "gzip"
        again = client.get(f"{base}/op1.js", headers={"if-none-match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("base", ["", BASE_PATH])
def test_questions_and_exports_lead_to_the_query_api(front: Front, base: str) -> None:
    with front.visitor() as client:
        for path in ("insights/p/metrics", "export/p/events.csv"):
            answer = client.get(f"{base}/{path}")
            assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "event-lens-client"), path
        assert client.get(f"{base}/schema").json()["info"]["title"] == "Event Lens: questions"
        assert client.get(f"{base}/manage").json()["error"]["code"] == "route_unknown"


def test_the_ingress_of_kubernetes_names_every_route_of_the_query_api_too(front: Front) -> None:
    with front.visitor() as client:
        described = set(client.get("/schema").json()["paths"])
    routes = described - {"/health", "/ready", "/metrics"} | {"/schema", "/mcp"}
    prefixes = ingress_paths("pages")
    assert {route for route in routes if not _is_led(route, prefixes)} == set()
    assert {route for route in routes - {"/schema"} if not _is_led(f"{BASE_PATH}{route}", prefixes)} == set()


def _is_led(path: str, prefixes: list[str]) -> bool:
    """Whether an ingress leads `path` on; a prefix is of whole parts of the path, and `/` of none but itself here."""
    return any(path == prefix or (prefix != "/" and path.startswith(f"{prefix}/")) for prefix in prefixes)


@pytest.mark.parametrize("path", ["/metrics", f"{BASE_PATH}/metrics"])
def test_counters_are_not_public(front: Front, path: str) -> None:
    with front.visitor() as client:
        answer = client.get(path)
    assert answer.status_code == 404
    assert "eventlens" not in answer.text


@pytest.mark.parametrize("path", ["/tracks", "/op1xjs", "/track/batch/x"])
def test_names_like_those_of_the_wire_do_not_lead_to_the_collector(front: Front, path: str) -> None:
    with front.visitor() as client:
        answer = client.get(path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "route_unknown")


def test_dagster_has_a_path_of_its_own(front: Front) -> None:
    with front.visitor() as client:
        moved = client.get("/dagster")
        assert moved.status_code == 301
        assert moved.headers["location"].removeprefix(f"https://stats.example.com:{front.port}") == "/dagster/"
        assert client.get("/dagster/runs").status_code == 502


def device_of(front: Front, address: str, **forged: str) -> str:
    """The device that the collector takes a visitor from `address` for; empty for the excluded one."""
    sent = {"openpanel-client-id": front.collector.client_id, "user-agent": FIREFOX}
    sent |= {"origin": "https://shop.example.com"} | {name.replace("_", "-"): value for name, value in forged.items()}
    with front.visitor(address) as client:
        device: str = client.get("/track/device-id", headers=sent).json()["deviceId"]
    return device


def test_the_visitors_address_is_known_behind_the_proxy(front: Front) -> None:
    assert device_of(front, EXCLUDED) == ""
    assert device_of(front, "127.0.0.8") != ""
    assert device_of(front, "127.0.0.8") != device_of(front, "127.0.0.7")


@pytest.mark.parametrize(
    "forged",
    [
        {"x_forwarded_for": EXCLUDED},
        {"forwarded": f"for={EXCLUDED}"},
        {"x_real_ip": EXCLUDED},
        {"openpanel_client_ip": EXCLUDED},
        {"cf_connecting_ip": EXCLUDED},
    ],
    ids=str,
)
def test_a_visitor_cannot_choose_an_address(front: Front, forged: dict[str, str]) -> None:
    honest = device_of(front, "127.0.0.8")
    assert device_of(front, "127.0.0.8", **forged) == honest != ""


def test_a_long_body_passes_and_the_collector_itself_refuses_a_body_that_is_too_long(front: Front) -> None:
    item = {"type": "track", "payload": {"name": "long", "properties": {"text": "a" * 9_000}}}
    fits = json.dumps([item] * 100).encode()
    assert len(fits) > 900_000
    with front.visitor() as client:
        taken = client.post("/track/batch", content=fits, headers=front.collector.headers)
        assert taken.json()["accepted"] == 100
        refused = client.post(
            "/track/batch", content=fits + b" " * 700_000, headers={"origin": "https://shop.example.com"}
        )
    assert (refused.status_code, refused.json()["error"]["code"]) == (413, "body_too_large")
    assert refused.headers["access-control-allow-origin"] == "https://shop.example.com"


@contextmanager
def dripping() -> Iterator[tuple[int, threading.Event]]:
    """A server at `BEHIND` that answers with one event, and with a second one after somebody says so."""
    go_on = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            kind = "text/event-stream" if self.path.endswith("/stream") else "application/x-ndjson"
            self.send_response(200)
            self.send_header("content-type", kind)
            self.end_headers()
            self.wfile.write(b"data: 1\n\n")
            go_on.wait(5)
            self.wfile.write(b"data: 2\n\n")

        def log_message(self, format: str, *values: object) -> None:
            pass

    with ThreadingHTTPServer((BEHIND, 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server.server_port, go_on
        go_on.set()
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("proxy", PROXIES)
@pytest.mark.parametrize("path", ["/insights/p/stream", f"{BASE_PATH}/insights/p/stream", "/export/p/events.ndjson"])
def test_a_stream_is_passed_on_as_it_is_written(
    proxy: str, path: str, certificate: Certificate, tmp_path: Path
) -> None:
    port = free_port()
    with dripping() as (upstream, go_on):
        parts = Parts(f"{BEHIND}:{free_port()}", f"{BEHIND}:{upstream}", f"{BEHIND}:{free_port()}")
        with (
            PROXIES[proxy](tmp_path, certificate, parts, port),
            visitor(certificate, port) as client,
            client.stream("GET", path) as answer,
        ):
            chunks = answer.iter_bytes()
            assert next(chunks) == b"data: 1\n\n"
            go_on.set()
            assert b"".join(chunks) == b"data: 2\n\n"
