"""What no HTTP library sends: lies about lengths, half requests, dawdling, crowds. Service goes on."""

import json
import re
import select
import socket
import struct
import time
import uuid
from collections.abc import Callable, Iterator

import httpx
import pytest

from event_lens.connection_limit import most_connections
from tests.ports import free_port
from tests.unit.collector.conftest import WITHIN_SECONDS, CollectorProcess

BODY = b'{"type":"track","payload":{"name":"socket"}}'
SECONDS = 20  # granted for headers, and for a body
LATE = 6  # what a busy machine may add


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CollectorProcess]:
    """A collector whose warehouse is away: what is acknowledged stays on disk, where /health counts it."""
    process = CollectorProcess(tmp_path_factory.mktemp("plain"), f"http://127.0.0.1:{free_port()}")
    yield process
    process.stop()


def connect(collector: CollectorProcess) -> socket.socket:
    return socket.create_connection(("127.0.0.1", collector.port), timeout=10)


def request(collector: CollectorProcess, body: bytes = BODY, *headers: str, path: str = "/track") -> bytes:
    """A whole request of a known sender, unless `headers` say otherwise of its length."""
    lines = [f"POST {path} HTTP/1.1", "Host: a", *headers]
    lines += [f"{name}: {value}" for name, value in collector.headers.items()]
    if not any(header.lower().startswith(("content-length", "transfer-encoding")) for header in headers):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def talk(collector: CollectorProcess, sent: bytes, *, is_end: bool = False, expected: int = 1) -> bytes:
    """All that is answered until the collector closes, or says nothing more for half a second after as many answers as
    are `expected`.
    """
    with connect(collector) as connection:
        try:
            connection.sendall(sent)
            if is_end:
                connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # it hung up while we were sending
        connection.settimeout(WITHIN_SECONDS)
        answer = b""
        try:
            while piece := connection.recv(65536):
                answer += piece
                if len(statuses(answer)) >= expected:
                    connection.settimeout(0.5)
        except OSError:
            pass
        return answer


def statuses(answer: bytes) -> list[int]:
    return [int(status) for status in re.findall(rb"HTTP/1\.[01] (\d{3}) ", answer)]


def lines(*pieces: str) -> bytes:
    return "\r\n".join(pieces).encode() + b"\r\n\r\n"


ODD: list[tuple[str, Callable[[CollectorProcess], bytes], list[list[int]]]] = [
    ("a length that is too short", lambda c: request(c, BODY, "Content-Length: 10"), [[400, 400], [400]]),
    ("a length that is not a number", lambda c: request(c, BODY, "Content-Length: many"), [[400]]),
    ("a length below zero", lambda c: request(c, BODY, "Content-Length: -1"), [[400]]),
    ("two lengths", lambda c: request(c, BODY, "Content-Length: 44", "Content-Length: 45"), [[400]]),
    ("a length of exabytes", lambda c: request(c, BODY, "Content-Length: 9999999999999999999"), [[413], [400]]),
    ("no length at all", lambda c: request(c, b"", "Content-Length: 0"), [[400]]),
    ("chunks", lambda c: request(c, b"2c\r\n" + BODY + b"\r\n0\r\n\r\n", "Transfer-Encoding: chunked"), [[200]]),
    ("chunks of no size", lambda c: request(c, b"zz\r\n" + BODY, "Transfer-Encoding: chunked"), [[400], []]),
    ("an unknown coding", lambda c: request(c, BODY, "Transfer-Encoding: gzip"), [[400], [501]]),
    ("a huge header", lambda c: request(c, BODY, "X-Huge: " + "x" * 900_000), [[431], []]),
    ("many headers", lambda c: request(c, BODY, *[f"X-{n}: 1" for n in range(400)]), [[431]]),
    ("a header with a NUL", lambda c: request(c, BODY, "X-Nul: a\0b"), [[400]]),
    ("a folded header", lambda c: request(c, BODY, "X-Fold: a\r\n b"), [[400]]),
    ("a long path", lambda c: request(c, path="/track?" + "a" * 70_000), [[414]]),
    ("HTTP/1.0 without a host", lambda _: lines("GET /health HTTP/1.0"), [[200]]),
    ("HTTP/2 without asking", lambda _: b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", [[400], []]),
    ("TLS", lambda _: b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 500, [[400], []]),
    ("an absolute address", lambda _: lines("GET http://evil.example/health HTTP/1.1", "Host: a"), [[200]]),
    ("a method of its own", lambda _: lines("BREW /track HTTP/1.1", "Host: a"), [[405]]),
    ("CONNECT", lambda _: lines("CONNECT evil.example:443 HTTP/1.1", "Host: a"), [[404], [405], [400]]),
    ("OPTIONS *", lambda _: lines("OPTIONS * HTTP/1.1", "Host: a"), [[404], [204], [400]]),
    ("two in one go", lambda c: request(c) + request(c), [[200, 200]]),
    ("a good one after a bad one", lambda c: request(c, b"{") + request(c), [[400, 200]]),
    ("a good one after one too large", lambda c: request(c, b" " * (2 << 20)) + request(c), [[413, 200], [413]]),
    ("two slashes", lambda c: request(c, path="//track"), [[200]]),
    ("a slash at the end", lambda c: request(c, path="/track/"), [[200]]),
]


@pytest.mark.parametrize(("make", "expected"), [case[1:] for case in ODD], ids=[case[0] for case in ODD])
def test_odd_requests_get_an_answer_and_the_next_one_is_served(
    plain: CollectorProcess, make: Callable[[CollectorProcess], bytes], expected: list[list[int]]
) -> None:
    assert statuses(talk(plain, make(plain), expected=max(map(len, expected)))) in expected
    assert plain.track("next").status_code == 200
    assert "request_failed" not in plain.log.read_text()


def test_nothing_of_a_request_that_was_not_whole_is_kept(plain: CollectorProcess) -> None:
    before = plain.pending()
    for headers in (("Content-Length: 4000",), ("Transfer-Encoding: chunked",)):
        body = BODY if "Length" in headers[0] else b"2c\r\n" + BODY + b"\r\n"
        assert statuses(talk(plain, request(plain, body, *headers), is_end=True)) in ([400], [])
    assert statuses(talk(plain, request(plain)[:-10], is_end=True)) in ([400], [])
    assert statuses(talk(plain, request(plain)[:60], is_end=True)) == []
    assert plain.pending() == before


def test_an_event_of_a_client_that_disconnects_before_the_answer_is_kept(plain: CollectorProcess) -> None:
    before = plain.pending()
    for _ in range(20):
        connection = connect(plain)
        connection.sendall(request(plain))
        # The connection ends with a reset, as when a lid is closed or a browser is killed.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        time.sleep(0.05)
        connection.close()
    deadline = time.monotonic() + 10
    while plain.pending() < before + 20:
        assert time.monotonic() < deadline, plain.pending() - before
        time.sleep(0.05)
    assert plain.track("next").status_code == 200
    assert "request_failed" not in plain.log.read_text()


def test_a_slow_client_is_disconnected_and_many_idle_clients_stop_nobody(plain: CollectorProcess) -> None:
    dripping = {
        "slow headers": (connect(plain), b"POST /track HTTP/1.1\r\nHost: a\r\nX-Slow: "),
        "slow body": (connect(plain), request(plain, b"", "Content-Length: 4000")),
        "endless chunks": (connect(plain), request(plain, b"", "Transfer-Encoding: chunked")),
    }
    most_connections()  # this process opens as many
    idle = [connect(plain) for _ in range(1200)]
    try:
        started = time.monotonic()
        for connection, begin in dripping.values():
            connection.sendall(begin)
        for _ in range(5):
            answer = httpx.post(f"{plain.url}/track", content=BODY, headers=plain.headers)
            assert answer.status_code == 200
        assert time.monotonic() - started < LATE
        ended: dict[str, bytes] = {}
        while len(ended) < len(dripping):
            assert time.monotonic() < started + SECONDS + LATE, [name for name in dripping if name not in ended]
            time.sleep(0.5)
            for name, (connection, _) in dripping.items():
                if name in ended:
                    continue
                if select.select([connection], [], [], 0)[0]:
                    ended[name] = connection.recv(4096)
                else:
                    connection.send(b"1\r\n \r\n" if name == "endless chunks" else b" ")
        assert time.monotonic() > started + SECONDS - LATE
        assert ended["slow body"].startswith(b"HTTP/1.1 408")
        assert ended["endless chunks"].startswith(b"HTTP/1.1 408")
        assert b"body_too_slow" in ended["slow body"]
        closed = select.select(idle[:500], [], [], SECONDS)[0]
        assert closed
        assert all(connection.recv(1) == b"" for connection in closed)
    finally:
        for connection in (*idle, *(connection for connection, _ in dripping.values())):
            connection.close()


def test_the_memory_of_slow_bodies_is_bounded(plain: CollectorProcess) -> None:
    """A hundred senders, each with nearly a megabyte and then silence: some are told to come back."""
    connections = [connect(plain) for _ in range(100)]
    try:
        for connection in connections:
            connection.sendall(request(plain, b" " * 1_000_000, "Content-Length: 1000001"))
        refused, _, _ = select.select(connections, [], [], 10)
        assert refused
        assert b"bodies_waiting" in refused[0].recv(4096)
        assert plain.track("next").status_code == 200
    finally:
        for connection in connections:
            connection.close()
    deadline = time.monotonic() + 10
    big = json.dumps({"type": "track", "payload": {"name": uuid.uuid4().hex}}).encode() + b" " * 900_000
    while plain.post("/track", big).status_code == 503:
        assert time.monotonic() < deadline
        time.sleep(0.1)
