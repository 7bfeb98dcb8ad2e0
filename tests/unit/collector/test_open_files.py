"""When no file can be opened any more, a request is answered as one that may be sent again, and the log says why."""

import asyncio
import errno
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import pytest

from collector.http.middleware import Middleware
from tests.unit.collector.conftest import CollectorProcess


@contextmanager
def no_more_files(collector: CollectorProcess) -> Iterator[None]:
    """What is open stays open, and nothing else can be opened."""
    limits = resource.prlimit(collector.process.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(collector.process.pid, resource.RLIMIT_NOFILE, (3, limits[1]))
    try:
        yield
    finally:
        resource.prlimit(collector.process.pid, resource.RLIMIT_NOFILE, limits)


@pytest.mark.parametrize("is_first", [True, False])
def test_with_too_many_open_files_a_request_may_be_sent_again(
    warehouse_url: str, start_collector: Callable[..., CollectorProcess], is_first: bool
) -> None:
    collector = start_collector(warehouse_url)
    if not is_first:
        collector.track("before").raise_for_status()
        collector.wait_until_landed()
    with no_more_files(collector):
        answer = collector.track("meanwhile")
        told = collector.log.read_text()
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert answer.json()["error"]["code"] == ("too_many_open_files" if is_first else "spool_unwritable")
    assert ("too_many_open_files" if is_first else '"errno": 24') in told
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert collector.track("after").status_code == 200


@pytest.mark.parametrize(
    ("cause", "status", "code"),
    [(None, 500, "broken"), (OSError(errno.EMFILE, "Too many open files"), 503, "too_many_open_files")],
)
def test_a_failure_that_nothing_inside_answered_is_answered_at_the_edge(
    cause: OSError | None, status: int, code: str
) -> None:
    sent: list[dict[str, Any]] = []

    async def fail(*_: object) -> None:
        raise ImportError("of a module that is read when it is needed") from cause

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    asyncio.run(Middleware(fail)({"type": "http", "headers": [], "method": "POST"}, receive, send))
    assert sent[0]["status"] == status
    assert msgspec.json.decode(sent[1]["body"])["error"]["code"] == code
