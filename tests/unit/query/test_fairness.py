"""Projects among each other: the slow questions of one do not hold up another's."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import httpx

from event_lens.registry.database import open_registry
from event_lens.registry.projects import create_project
from event_lens.settings import read_settings
from query.service import QUESTIONS_AT_ONCE
from tests.proxy import fronted
from tests.unit.query.conftest import QueryServer, make_key

FUNNEL: dict[str, Any] = {"steps": [{"name": "a"}, {"name": "b"}]}


def test_a_quick_question_is_answered_while_the_slow_ones_of_another_project_run(
    warehouse_url: str, tmp_path: Path, start_query: Callable[..., QueryServer]
) -> None:
    registry = open_registry(read_settings({"EVENTLENS_HOME": str(tmp_path)}))
    projects = [create_project(registry, name).project_id for name in ("slow", "quick")]
    slow_key, quick_key = (make_key(registry, project_id) for project_id in projects)
    registry.close()
    released, running = threading.Event(), list[int]()

    def hold_funnels(sql: str) -> str:
        if "attempts" in sql:
            running.append(1)
            released.wait(60)
        return sql

    with fronted(warehouse_url, hold_funnels) as url, ThreadPoolExecutor(12) as threads:
        server = start_query(tmp_path, url)

        def ask_funnel(window: int) -> httpx.Response:
            body = FUNNEL | {"window_seconds": window}
            path = f"{server.url}/insights/{projects[0]}/funnel"
            return httpx.post(path, json=body, headers=slow_key, timeout=120)

        slow = [threads.submit(ask_funnel, window) for window in range(1, 13)]
        try:
            deadline = time.monotonic() + 60
            while len(running) < QUESTIONS_AT_ONCE // 2:
                assert time.monotonic() < deadline
                time.sleep(0.01)
            quick = httpx.get(f"{server.url}/insights/{projects[1]}/metrics", headers=quick_key, timeout=60)
            assert quick.status_code == 200
            # The questions that hold the project's places still run, and no other question got a place.
            assert len(running) == QUESTIONS_AT_ONCE // 2
            assert sum(each.done() for each in slow) <= len(slow) - len(running)
        finally:
            released.set()
        statuses = [each.result().status_code for each in slow]
    assert set(statuses) <= {200, 429}
    assert statuses.count(200) >= QUESTIONS_AT_ONCE // 2


def test_a_project_that_asks_too_much_is_put_off_with_429_and_asked_to_come_back(
    warehouse_url: str, tmp_path: Path, start_query: Callable[..., QueryServer]
) -> None:
    registry = open_registry(read_settings({"EVENTLENS_HOME": str(tmp_path)}))
    project_id = create_project(registry, "busy").project_id
    key = make_key(registry, project_id)
    registry.close()
    released = threading.Event()

    def hold_all(sql: str) -> str:
        released.wait(60)
        return sql

    with fronted(warehouse_url, hold_all) as url, ThreadPoolExecutor(5) as threads:
        path = f"{start_query(tmp_path, url).url}/insights/{project_id}/metrics"
        asked = [
            threads.submit(httpx.get, path, params={"range": f"{days}d"}, headers=key, timeout=120)
            for days in range(1, 6)
        ]
        try:
            done, _ = wait(asked, timeout=60, return_when=FIRST_COMPLETED)
        finally:
            released.set()
        [refused] = [each.result() for each in done]
        assert all(each.result().status_code == 200 for each in asked if each not in done)
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) >= 1
    assert refused.json()["error"]["code"] == "project_busy"
