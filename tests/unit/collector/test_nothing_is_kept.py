"""What must not be kept is looked for in everything a collector writes: spool, warehouse, registry and logs."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from event_lens.registry.database import open_registry
from event_lens.registry.projects import change_project
from event_lens.warehouse.client import Warehouse
from tests.ports import free_port
from tests.unit.collector.conftest import CollectorProcess

# A collector that logs everything it can, libraries included, and fails on purpose with the payload in the error's
# text.
TALKATIVE = """
import logging
import structlog
logging.basicConfig(level=logging.DEBUG)
logging.getLogger("sqlalchemy").setLevel(logging.INFO)
filtering = structlog.make_filtering_bound_logger
structlog.make_filtering_bound_logger = lambda level: filtering(logging.DEBUG)

from collector.ingest import Ingest
take_one, take_batch = Ingest.take_one, Ingest.take_batch

async def crash_one(self, envelope, source):
    if envelope.payload.get("title") == "crash":
        try:
            {}[str(envelope.payload)]
        except KeyError as error:
            raise ValueError(f"{envelope.payload} of {source.request}") from error
    return await take_one(self, envelope, source)

async def crash_batch(self, items, source):
    if len(items) == 7:
        raise RuntimeError(f"{items} of {source.request.address}")
    return await take_batch(self, items, source)

Ingest.take_one, Ingest.take_batch = crash_one, crash_batch
from cli.main import app
app()
"""

PEER = "127.93.17.201"
ADDRESSES = {
    "peer": PEER,
    "openpanel-client-ip": "203.0.113.201",
    "x-client-ip": "203.0.113.202",
    "cf-connecting-ip": "203.0.113.203",
    "x-real-ip": "203.0.113.204",
    "x-forwarded-for": "203.0.113.205",
    "forwarded-more": "203.0.113.206",
    "__ip": "203.0.113.207",
    "query": "203.0.113.208",
    "ipv6": "2001:db8:77:aaaa::beef",
    "__ip6": "2001:db8:77:bbbb::beef",
    "query6": "2001:db8:77:cccc::beef",
    "mapped": "::ffff:203.0.113.209",
    "own": "203.0.113.210",
}
PAYLOAD = "payload-text-of-ada"
URL_SECRET = "hunter2-in-a-url"
WRONG_SECRET = "sec_wrong-secret-of-somebody"


class Talkative(CollectorProcess):
    program = ("-c", TALKATIVE)

    def whole_environ(self) -> dict[str, str]:
        return self.environ | {"PATH": ""}


@pytest.fixture(scope="module")
def written(warehouse_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """What every place holds after requests of all kinds, by its name."""
    collector = Talkative(
        tmp_path_factory.mktemp("kept") / "home",
        f"http://127.0.0.1:{free_port()}",
        EVENTLENS_TRUSTED_PROXIES="127.0.0.9/32,203.0.113.205/32",
    )
    registry = open_registry(collector.settings)
    change_project(
        registry, collector.project_id, own_addresses=["203.0.113.210"], honour_gpc=True, device_salt="monthly"
    )
    registry.close()
    try:
        _send_everything(collector)
        held = {"spool": _text(collector.home / "spool")}
        collector.kill()
        collector.restart(EVENTLENS_WAREHOUSE_URL=warehouse_url)
        _send_everything(collector)
        collector.wait_until_landed()
        with Warehouse(warehouse_url) as warehouse:
            for table in ("events", "profile_operations", "quarantine"):
                rows = warehouse.rows(
                    f"SELECT * FROM lens_raw.{table} WHERE project_id = {{id:String}}", {"id": collector.project_id}
                )
                assert rows, table
                held[table] = json.dumps(rows, default=str, ensure_ascii=False)
            held["batches"] = json.dumps(warehouse.rows("SELECT * FROM lens_raw.batches"), default=str)
        collector.process.terminate()
        collector.process.wait()
        held["registry"] = "".join(_text(path) for path in collector.home.glob("registry*"))
        held["home"] = _text(collector.home / "spool")
        held["logs"] = collector.log.read_text()
        held["secret"] = collector.secret
        yield held
    finally:
        collector.stop()


def _text(path: Path) -> str:
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return "".join(file.read_bytes().decode("latin-1") for file in files)


def _send_everything(collector: CollectorProcess) -> None:
    statuses: list[int] = []
    for number, headers in enumerate(_senders(collector)):
        # Every other sender comes through a proxy that is trusted.
        transport = httpx.HTTPTransport(local_address=(PEER, "127.0.0.9")[number % 2])
        with httpx.Client(transport=transport, timeout=20) as client:
            for path, content, more in _requests(collector, ("__ip", "__ip6")[number % 4 // 2]):
                answer = client.post(f"{collector.url}{path}", content=content, headers=headers | more)
                statuses.append(answer.status_code)
            query = {"clientId": collector.client_id, "ip": ADDRESSES["query"], "ip6": ADDRESSES["query6"]}
            client.get(f"{collector.url}/track/device-id", params=query, headers=headers)
    assert {200, 202, 400, 401, 500} <= set(statuses), set(statuses)


def _senders(collector: CollectorProcess) -> Iterator[dict[str, str]]:
    agent = {"user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0"}
    page = agent | {"openpanel-client-id": collector.client_id, "origin": "https://shop.example.com"}
    verified = page | {"openpanel-client-secret": collector.secret}
    yield page
    yield page | {"user-agent": "curl/8.0"}
    forwarded = f"{ADDRESSES['forwarded-more']}, {ADDRESSES['x-forwarded-for']}"
    for name in ("openpanel-client-ip", "x-client-ip", "cf-connecting-ip", "x-real-ip", "x-forwarded-for"):
        yield verified | {name: ADDRESSES[name]}
        yield page | {name: ADDRESSES[name]}
    yield page | {"x-forwarded-for": forwarded}
    yield verified | {"x-forwarded-for": forwarded}
    yield verified | {"openpanel-client-ip": ADDRESSES["ipv6"]}
    yield verified | {"openpanel-client-ip": ADDRESSES["mapped"]}
    yield verified | {"openpanel-client-ip": ADDRESSES["own"]}
    yield page | {"x-forwarded-for": ADDRESSES["ipv6"], "sec-gpc": "1"}
    yield page | {"openpanel-client-secret": WRONG_SECRET}


def _requests(collector: CollectorProcess, ip: str) -> Iterator[tuple[str, bytes, dict[str, str]]]:
    text = {"title": PAYLOAD, "properties": {"said": PAYLOAD, "__ip": ADDRESSES[ip]}}
    url = f"https://shop.example.com/?ip={ADDRESSES['query']}&client_ip={ADDRESSES['query6']}&token={URL_SECRET}"
    track = {"name": "a", **text, "path": url, "referrer": url}
    bad = {**track, "name": PAYLOAD * 40}
    yield "/track", _body("track", {"name": "no __ip"}), {}
    yield "/track", _body("track", track), {}
    yield "/track", _body("track", {**track, "clientSecret": WRONG_SECRET}), {}
    yield f"/track?ip={ADDRESSES['query']}&token={URL_SECRET}", _body("track", track), {}
    yield "/track", _body("track", {**track, "title": "crash"}), {}
    yield "/track", _body("track", bad), {}
    yield "/track", _body(PAYLOAD, bad), {}
    yield "/track", _body("identify", {"profileId": "p", **text}), {}
    yield "/track", _body("increment", {"profileId": "p", "property": "x", "value": PAYLOAD, **text}), {}
    yield "/identify", json.dumps({"profileId": "p", "clientSecret": collector.secret, **text}).encode(), {}
    yield "/track/batch", json.dumps([{"type": "track", "payload": item} for item in (track, bad)]).encode(), {}
    yield "/track/batch", json.dumps([{"type": "track", "payload": track}] * 7).encode(), {}
    yield "/track", f'{{"{PAYLOAD}": "{ADDRESSES[ip]}", '.encode(), {}
    yield "/track", gzip.compress(_body("track", track)), {"content-encoding": "gzip"}
    yield "/track", f"{PAYLOAD} {ADDRESSES[ip]}".encode(), {"content-encoding": "gzip"}
    yield f"/{PAYLOAD}", b"", {}


def _body(kind: str, payload: dict[str, Any]) -> bytes:
    return json.dumps({"type": kind, "payload": payload}).encode()


@pytest.mark.parametrize("place", ["spool", "events", "profile_operations", "quarantine", "batches", "home", "logs"])
def test_no_address_is_kept_in_any_place(written: dict[str, str], place: str) -> None:
    assert [name for name, address in ADDRESSES.items() if _spellings(written[place], address)] == []


def test_the_registry_holds_no_address_but_the_project_s_own(written: dict[str, str]) -> None:
    assert [name for name, address in ADDRESSES.items() if _spellings(written["registry"], address)] == ["own"]


def _spellings(text: str, address: str) -> bool:
    return address in text or address.removeprefix("::ffff:") in text or address.upper() in text


@pytest.mark.parametrize("place", ["spool", "events", "profile_operations", "quarantine", "registry", "home", "logs"])
def test_no_secret_is_kept_in_any_place(written: dict[str, str], place: str) -> None:
    assert [secret for secret in (written["secret"], WRONG_SECRET, URL_SECRET) if secret in written[place]] == []


def test_no_payload_is_in_the_logs_whatever_happened(written: dict[str, str]) -> None:
    lines = [line for line in written["logs"].splitlines() if PAYLOAD in line]
    assert lines == []


def test_the_logs_say_that_a_request_failed_and_where(written: dict[str, str]) -> None:
    failures = [line for line in written["logs"].splitlines() if "request_failed" in line]
    assert failures
    assert any("crash_one" in line and "ValueError" in line for line in failures)
    assert any("crash_batch" in line and "RuntimeError" in line for line in failures)


def test_the_searched_values_were_really_sent(written: dict[str, str]) -> None:
    assert PAYLOAD in written["spool"]
    assert PAYLOAD in written["events"]
    assert PAYLOAD in written["quarantine"]
    assert '"own_address"' in written["quarantine"]
    assert '"privacy_signal"' in written["quarantine"]
    assert "token=***" in written["events"]


def test_the_search_finds_a_value_that_is_there(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "file").write_bytes(b"\xff\x00" + ADDRESSES["ipv6"].encode())
    assert _spellings(_text(tmp_path), ADDRESSES["ipv6"])
    assert not _spellings(_text(tmp_path), ADDRESSES["peer"])
