"""A load of equal requests over keep-alive connections, and the time of their answers."""

import asyncio
import os
import time
from dataclasses import dataclass, field
from pathlib import Path

CONNECTIONS = 32


@dataclass
class Measured:
    """The answers of a run of `seconds`; latencies are in seconds."""

    seconds: float
    latencies: list[float] = field(default_factory=list)
    failures: int = 0
    cpu_seconds: float = 0.0
    """The server's processor time, which helps to interpret the figures of a busy machine."""

    @property
    def requests_per_second(self) -> float:
        return len(self.latencies) / self.seconds

    @property
    def requests_per_cpu_second(self) -> float:
        return len(self.latencies) / self.cpu_seconds

    def percentile_ms(self, share: float) -> float:
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000


class Connection(asyncio.Protocol):
    """Sends the same request until `until`: again as soon as it is answered, or every `interval` seconds.

    With an interval, a latency counts from the time at which the request was due. So a slow answer also counts for the
    requests that it delayed.
    """

    def __init__(
        self,
        request: bytes,
        first: float,
        until: float,
        interval: float,
        measured: Measured,
        done: asyncio.Future[None],
    ) -> None:
        self._request = request
        self._due = first
        self._until = until
        self._interval = interval
        self._measured = measured
        self._done = done
        self._answer = b""
        self._loop = asyncio.get_running_loop()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._send_when_due()

    def data_received(self, data: bytes) -> None:
        self._answer += data
        head, separator, body = self._answer.partition(b"\r\n\r\n")
        length = head.partition(b"content-length: ")[2].partition(b"\r\n")[0]
        if not separator or len(body) < int(length):
            return
        now = time.perf_counter()
        if head.startswith(b"HTTP/1.1 200"):
            self._measured.latencies.append(now - self._due)
        else:
            self._measured.failures += 1
        self._answer = b""
        self._due = self._due + self._interval if self._interval else now
        if self._due < self._until and now < self._until:
            self._send_when_due()
        else:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._done.done():
            self._done.set_result(None)

    def _send_when_due(self) -> None:
        wait = self._due - time.perf_counter()
        if wait > 0:
            self._loop.call_later(wait, self._transport.write, self._request)
        else:
            self._transport.write(self._request)


def request_bytes(path: str, body: bytes, headers: dict[str, str]) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: localhost", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def cpu_seconds(pid: int) -> float:
    """Return the processor time that a process has taken, in seconds, as Linux counts it."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def measure(port: int, pid: int, request: bytes, seconds: float, per_second: float = 0.0) -> Measured:
    """Keep 32 connections busy with `request` for `seconds`, or send it `per_second` times a second; `pid` is the
    server's.
    """
    begin_cpu = cpu_seconds(pid)
    loop = asyncio.get_running_loop()
    measured = Measured(seconds)
    interval = CONNECTIONS / per_second if per_second else 0.0
    begin = time.perf_counter()
    futures = []
    for number in range(CONNECTIONS):
        done = loop.create_future()
        first = begin + interval * number / CONNECTIONS
        connection = Connection(request, first, begin + seconds, interval, measured, done)
        await loop.create_connection(lambda connection=connection: connection, "127.0.0.1", port)  # type: ignore[misc]
        futures.append(done)
    await asyncio.wait_for(asyncio.gather(*futures), seconds + 30)
    measured.cpu_seconds = cpu_seconds(pid) - begin_cpu
    return measured
