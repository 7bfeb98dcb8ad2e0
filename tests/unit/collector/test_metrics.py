"""The counters: each in the list, over all workers of a collector, and past a worker's death."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from event_lens.metrics import METRICS
from tests.ports import free_port
from tests.processes import children
from tests.unit.collector.conftest import CollectorProcess

# The client library adds the time at which each counter began.
CREATED = {metric.name.removesuffix("_total") for metric in METRICS}
ROOT = Path(__file__).resolve().parents[3]


def samples(collector: CollectorProcess) -> dict[str, float]:
    """The samples of one scrape, each asked for on a connection of its own, so that any worker may answer."""
    answer = httpx.get(f"{collector.url}/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    lines = (line.rsplit(" ", 1) for line in answer.text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, value in lines}


def test_a_collector_shows_what_the_list_names_and_nothing_else(collector: CollectorProcess) -> None:
    collector.track("a")
    collector.wait_until_landed()
    shown = {sample.partition("{")[0].removesuffix("_created") for sample in samples(collector)}
    assert {name for name in shown if name.startswith("eventlens_")} <= {metric.name for metric in METRICS} | CREATED
    counted = samples(collector)
    for path, status in (("/nothing", 404), ("/health", 200), ("/track", 405)):
        before = counted.get(f'eventlens_requests_total{{status="{status}"}}', 0)
        assert httpx.get(f"{collector.url}{path}").status_code == status
        assert samples(collector)[f'eventlens_requests_total{{status="{status}"}}'] > before
    assert {"eventlens_requests_total", "eventlens_received_total", "eventlens_landed_rows_total"} <= shown


def test_every_metric_has_a_sentence() -> None:
    names = [metric.name for metric in METRICS]
    assert len(set(names)) == len(names)
    assert all(metric.help.endswith(".") for metric in METRICS)


def test_one_scrape_counts_all_workers_and_what_a_dead_one_counted(
    start_collector: Callable[..., CollectorProcess],
) -> None:
    collector = start_collector(f"http://127.0.0.1:{free_port()}", EVENTLENS_COLLECTOR_WORKERS="3")
    for _ in range(30):
        with httpx.Client() as fresh:
            body = {"type": "track", "payload": {"name": "a"}}
            assert fresh.post(f"{collector.url}/track", json=body, headers=collector.headers).status_code == 200
    for _ in range(5):
        assert samples(collector)["eventlens_received_total"] == 30
    workers = children(collector.process.pid)
    assert len(workers) == 3
    held = samples(collector)["eventlens_spool_bytes"]
    os.kill(workers[0], signal.SIGKILL)
    wait_until(lambda: len(set(children(collector.process.pid)) - set(workers)) == 1)
    wait_until(lambda: answers(collector))
    assert samples(collector)["eventlens_received_total"] == 30
    # The dead worker's segments were adopted by another worker, and are counted once.
    wait_until(lambda: samples(collector)["eventlens_spool_bytes"] == held)
    assert collector.track("after").status_code == 200
    assert samples(collector)["eventlens_received_total"] == 31


def test_a_collector_that_starts_again_counts_from_zero(start_collector: Callable[..., CollectorProcess]) -> None:
    collector = start_collector(f"http://127.0.0.1:{free_port()}", EVENTLENS_COLLECTOR_WORKERS="2")
    collector.track("a")
    collector.stop()
    collector.restart()
    assert samples(collector)["eventlens_received_total"] == 0


def answers(collector: CollectorProcess) -> bool:
    try:
        return httpx.get(f"{collector.url}/ready").status_code == 200
    except httpx.TransportError:
        return False


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.1)
