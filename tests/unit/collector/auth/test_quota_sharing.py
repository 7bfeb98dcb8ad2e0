"""Workers of one collector, and collectors that start again, share what a project may send."""

from collections.abc import Callable

import httpx
import pytest

from event_lens.registry.database import open_registry
from event_lens.registry.projects import change_project
from tests.ports import free_port
from tests.unit.collector.conftest import CollectorProcess


def send(collector: CollectorProcess, events: int) -> int:
    """The answer to a batch on a connection of its own, which any worker may take."""
    body = [{"type": "track", "payload": {"name": "a"}} for _ in range(events)]
    with httpx.Client() as fresh:
        return fresh.post(f"{collector.url}/track/batch", json=body, headers=collector.headers).status_code


@pytest.mark.timeout(60)
def test_two_workers_and_the_next_collector_count_one_day_together(
    start_collector: Callable[..., CollectorProcess],
) -> None:
    collector = start_collector(f"http://127.0.0.1:{free_port()}", EVENTLENS_COLLECTOR_WORKERS="2")
    registry = open_registry(collector.settings)
    change_project(registry, collector.project_id, quotas=["events_a_day=1000"])
    registry.close()
    # Each worker takes some before it knows what the other took; alone each would take 20.
    answers = [send(collector, 50) for _ in range(40)]
    assert 18 <= answers.count(200) <= 30
    assert answers[-5:] == [429] * 5
    collector.stop()
    collector.restart()
    assert [send(collector, 100) for _ in range(4)] == [429] * 4
