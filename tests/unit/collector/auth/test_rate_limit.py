"""How often who may send, counted by one process, or by many in one store."""

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import date
from pathlib import Path

import pytest
from redis.exceptions import RedisError

from collector.auth.authorize import Authoriser
from collector.auth.client_cache import ClientCache, KnownClient
from collector.auth.quotas import ProjectQuotas
from collector.auth.rate_limit import MAX_SENDERS, RateLimit, RateLimited, network_of
from collector.auth.rate_limit_store import SharedCounts
from event_lens.errors import Refused, Unavailable
from event_lens.registry.clients import create_client
from event_lens.registry.database import open_registry
from event_lens.registry.projects import create_project
from event_lens.settings import read_settings
from tests.ports import free_port
from tests.unit.collector.conftest import CollectorProcess

MINUTE_MS = 60_000
EVENT = {"type": "track", "payload": {"name": "a"}}


def take(limit: RateLimit, address: str, events: int = 1, client_id: str = "c") -> None:
    asyncio.run(limit.take(client_id, address, events))


def test_a_sender_is_limited_a_minute_and_others_are_not() -> None:
    now = MINUTE_MS * 100 + 45_000
    limit = RateLimit(2, clock=lambda: now)
    take(limit, "1.1.1.1")
    take(limit, "1.1.1.1")
    with pytest.raises(RateLimited) as refusal:
        take(limit, "1.1.1.1")
    assert refusal.value.retry_after_seconds == 16
    take(limit, "2.2.2.2")
    take(limit, "1.1.1.1", client_id="another")
    now += 15_000
    take(limit, "1.1.1.1")


def test_a_batch_counts_with_all_its_events_or_not_at_all() -> None:
    limit = RateLimit(100, clock=lambda: 0)
    take(limit, "1.1.1.1", 60)
    with pytest.raises(RateLimited):
        take(limit, "1.1.1.1", 60)
    take(limit, "1.1.1.1", 40)
    with pytest.raises(RateLimited):
        take(limit, "1.1.1.1", 0)


def test_a_limit_of_zero_is_off() -> None:
    limit = RateLimit(0)
    for _ in range(100):
        take(limit, "1.1.1.1", 1000)
        limit.fail("1.1.1.1")


def test_failed_attempts_are_limited_by_address_and_apart_from_sent_events() -> None:
    limit = RateLimit(3, clock=lambda: 0)
    for _ in range(3):
        limit.check_failures("1.1.1.1")
        limit.fail("1.1.1.1")
    for refused in (limit.check_failures, limit.fail):
        with pytest.raises(RateLimited):
            refused("1.1.1.1")
    limit.check_failures("2.2.2.2")
    take(limit, "1.1.1.1")


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("1.2.3.4", "1.2.3.4"),
        ("::ffff:1.2.3.4", "1.2.3.4"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::", "2001:db8:1:3::/64"),
        ("", ""),
    ],
)
def test_an_address_counts_by_the_part_that_its_owner_cannot_choose(address: str, network: str) -> None:
    assert network_of(address) == network


def test_rotating_addresses_neither_fill_the_memory_nor_lock_out_other_senders() -> None:
    limit = RateLimit(5, clock=lambda: 0)
    for number in range(MAX_SENDERS + 500):
        limit.fail(str(number))
    assert len(limit._counts) == MAX_SENDERS
    limit.fail("one more")


def keyless(collector: CollectorProcess, **headers: str) -> dict[str, str]:
    agent = collector.headers["user-agent"]
    return {"openpanel-client-id": collector.client_id, "origin": "https://shop.example.com", "user-agent": agent} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }


def wait_for_a_fresh_minute() -> None:
    """So that a test's requests do not fall into two minutes, each with a count of its own."""
    into = time.time() % 60
    if into > 52:
        time.sleep(60 - into)


@pytest.fixture
def limited(start_collector: Callable[..., CollectorProcess]) -> CollectorProcess:
    """A collector that lets 20 events a minute pass; its warehouse is away."""
    collector = start_collector(f"http://127.0.0.1:{free_port()}", EVENTLENS_RATE_LIMIT="20")
    wait_for_a_fresh_minute()
    return collector


def test_a_sender_without_the_secret_is_limited_and_one_with_it_is_not(limited: CollectorProcess) -> None:
    with ThreadPoolExecutor(4) as pool:
        answers = list(
            pool.map(
                lambda _: limited.client.post(f"{limited.url}/track", json=EVENT, headers=keyless(limited)), range(30)
            )
        )
    assert sum(answer.status_code == 200 for answer in answers) == 20
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert refused.json()["error"]["code"] == "rate_limited"
    forged = keyless(limited, x_forwarded_for="9.9.9.9", openpanel_client_ip="9.9.9.9")
    assert limited.client.post(f"{limited.url}/track", json=EVENT, headers=forged).status_code == 429
    batch = [EVENT] * 100
    for _ in range(5):
        assert limited.post("/track/batch", json.dumps(batch).encode()).status_code == 200


def test_a_batch_is_no_way_around_the_limit(limited: CollectorProcess) -> None:
    def send(count: int) -> int:
        answer = limited.client.post(f"{limited.url}/track/batch", json=[EVENT] * count, headers=keyless(limited))
        return answer.status_code

    assert [send(15), send(15), send(5), send(1)] == [200, 429, 200, 429]


def test_guessing_ids_and_secrets_ends_in_429_and_does_not_disturb_known_senders(limited: CollectorProcess) -> None:
    assert limited.track("known before").status_code == 200
    guesses = [{"openpanel-client-id": f"write_{n}"} for n in range(15)]
    guesses += [{**limited.headers, "openpanel-client-secret": f"sec_{n}"} for n in range(15)]
    codes = [limited.client.post(f"{limited.url}/track", json=EVENT, headers=guess).status_code for guess in guesses]
    assert codes == [401] * 20 + [429] * 10
    assert limited.client.post(f"{limited.url}/track", json=EVENT, headers=guesses[0]).status_code == 429
    assert limited.track("still known").status_code == 200
    assert limited.client.post(f"{limited.url}/track", json=EVENT, headers=keyless(limited)).status_code == 200


def test_a_sender_that_guesses_ids_soon_costs_no_more_registry_look_ups(tmp_path: Path) -> None:
    settings = read_settings({"EVENTLENS_HOME": str(tmp_path)})
    registry = open_registry(settings)
    client, secret = create_client(registry, create_project(registry, "p").project_id, "write")
    asked: list[str] = []

    class Watched(ClientCache):
        async def find(self, client_id: str) -> KnownClient | None:
            asked.append(client_id)
            return await super().find(client_id)

    authoriser = Authoriser(settings, Watched(registry), RateLimit(5, clock=lambda: 0), ProjectQuotas())

    async def attempt(client_id: str, secret: str, peer: str) -> str:
        headers = {b"openpanel-client-id": client_id.encode(), b"openpanel-client-secret": secret.encode()}
        try:
            await authoriser.context(headers, b"", peer)
        except Refused as error:
            return error.code
        return "ok"

    async def judge() -> list[str]:
        guesses = [await attempt(f"write_{n}", "sec", "1.1.1.1") for n in range(8)]
        unheard = await attempt(client.client_id, secret, "1.1.1.1")
        elsewhere = await attempt(client.client_id, secret, "2.2.2.2")
        return [*guesses, unheard, elsewhere, await attempt(client.client_id, secret, "1.1.1.1")]

    codes = asyncio.run(judge())
    registry.close()
    # Once the client is known, its right secret is accepted even from the guesser's address.
    assert codes == ["client_unknown"] * 5 + ["rate_limited"] * 4 + ["ok", "ok"]
    assert asked == [f"write_{n}" for n in range(5)] + [client.client_id] * 2


@pytest.fixture
def redis_port(tmp_path: Path) -> Iterator[int]:
    """A store of the test's own."""
    server = shutil.which("redis-server") or shutil.which("valkey-server")
    if server is None:
        pytest.skip("neither redis-server nor valkey-server is installed")
    port = free_port()
    process = start_store(server, port, tmp_path)
    yield port
    process.terminate()
    process.wait()


def start_store(server: str, port: int, folder: Path) -> subprocess.Popen[bytes]:
    command = [server, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 10
    while b"+PONG" not in ask_store(port, b"PING"):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return process


def ask_store(port: int, command: bytes) -> bytes:
    """The first part of the answer, empty when nobody listens."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            connection.sendall(command + b"\r\n")
            return connection.recv(65536)
    except OSError:
        return b""


# While a store answers late, as on a busy machine, a worker counts alone.
PATIENT = """
from collector.auth import rate_limit_store
rate_limit_store.ANSWER_WITHIN_SECONDS = 20.0
from cli.main import app
app()
"""


class Patient(CollectorProcess):
    """A collector that gives the store as long as it needs."""

    program = ("-c", PATIENT)


def test_a_shared_store_makes_one_count_of_all_workers(
    tmp_path: Path, redis_port: int, request: pytest.FixtureRequest
) -> None:
    collector = Patient(
        tmp_path / "collector",
        f"http://127.0.0.1:{free_port()}",
        EVENTLENS_RATE_LIMIT="20",
        EVENTLENS_COLLECTOR_WORKERS="2",
        EVENTLENS_RATE_LIMIT_STORE=f"redis://127.0.0.1:{redis_port}/0",
    )
    request.addfinalizer(collector.stop)
    wait_for_a_fresh_minute()
    for path, amount, expected in (("/track", 1, 12), ("/track/batch", 2, 4)):
        body = EVENT if amount == 1 else [EVENT] * amount
        sent = [
            collector.client.post(f"{collector.url}{path}", json=body, headers=keyless(collector)) for _ in range(12)
        ]
        assert sum(answer.status_code == 200 for answer in sent) == expected
    keys = ask_store(redis_port, b"KEYS *")
    assert keys.count(b"eventlens:rate:") == 1
    assert b"127.0.0.1" not in keys
    assert collector.client_id.encode() not in keys
    assert b":-1" not in ask_store(redis_port, b"TTL " + keys.split(b"\r\n")[2])
    assert collector.track("with the secret").status_code == 200


def test_without_its_store_a_worker_counts_alone_and_says_so(
    start_collector: Callable[..., CollectorProcess],
) -> None:
    collector = start_collector(
        f"http://127.0.0.1:{free_port()}",
        EVENTLENS_RATE_LIMIT="20",
        EVENTLENS_RATE_LIMIT_STORE=f"redis://user:hidden-password@127.0.0.1:{free_port()}/0",
    )
    wait_for_a_fresh_minute()
    sent = [collector.client.post(f"{collector.url}/track", json=EVENT, headers=keyless(collector)) for _ in range(25)]
    assert [answer.status_code for answer in sent] == [200] * 20 + [429] * 5
    metrics = collector.client.get(f"{collector.url}/metrics").text
    assert "\neventlens_rate_store_failures_total " in metrics
    assert "\neventlens_rate_store_failures_total 0.0" not in metrics
    assert "rate_store_away" in collector.log.read_text()
    assert "hidden-password" not in collector.log.read_text()


async def salts(_period: str) -> dict[date, str]:
    return {date(2026, 1, 1): "salt"}


def test_a_store_that_comes_back_is_asked_again(redis_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collector.auth.rate_limit_store.ASK_AGAIN_AFTER_SECONDS", 0.0)
    monkeypatch.setattr("collector.auth.rate_limit_store.ANSWER_WITHIN_SECONDS", 20.0)

    async def judge() -> list[bool]:
        shared = SharedCounts(f"redis://127.0.0.1:{redis_port}/0", salts)
        limit = RateLimit(3, own_share=1, shared=shared, clock=lambda: 0)
        passed = []
        for step in range(5):
            if step == 1:
                await shared._redis.config_set("maxmemory", "1")  # from now on it refuses to write
            if step == 3:
                await shared._redis.config_set("maxmemory", "0")
            try:
                await limit.take("c", "1.1.1.1")
                passed.append(True)
            except RateLimited:
                passed.append(False)
        await shared.close()
        return passed

    # One event counts in the store, one by the worker's own share, one is beyond that share, and two more count in the
    # store.
    assert asyncio.run(judge()) == [True, True, False, True, True]


def test_an_event_that_the_store_counts_too_late_is_counted_once(
    redis_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, sender = f"redis://127.0.0.1:{redis_port}/0", ("c", "1.1.1.1")

    async def judge() -> list[bool]:
        shared = SharedCounts(url, salts)
        monkeypatch.setattr("collector.auth.rate_limit_store.ANSWER_WITHIN_SECONDS", 20.0)
        patient = SharedCounts(url, salts)
        assert await patient.add(("another", "1.1.1.1"), 0, 1, 2)
        pid = (await patient._redis.info("server"))["process_id"]
        while True:
            with suppress(RedisError):  # connected, even if that takes longer than an answer may
                await shared._redis.ping()
                break
        os.kill(pid, signal.SIGSTOP)
        asyncio.get_running_loop().call_later(0.4, os.kill, pid, signal.SIGCONT)
        with suppress(Unavailable):
            await shared.add(sender, 0, 1, 2)
        passed = [await patient.add(sender, 0, 1, 2) for _ in range(2)]
        await shared.close()
        await patient.close()
        return passed

    assert asyncio.run(judge()) == [True, False]
