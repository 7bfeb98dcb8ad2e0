"""The only warehouse dies while a build of the sensor is at work, or stops to answer, under a whole `eventlens up`."""

import json
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence

import dagster as dg
import pytest

from event_lens.processes import is_answering
from orchestration.alerts.look import AWAY_SECONDS
from orchestration.triggers.watch import SECONDS_BETWEEN_TICKS
from tests.end_to_end.running import House
from tests.end_to_end.site import Site, event
from tests.end_to_end.up import Up
from tests.unit.orchestration.alerts.receivers import Webhook, serving

pytestmark = pytest.mark.timeout(900)

BUILT_WITHIN_SECONDS = 300
# While a model's days are swapped, the new rows are in a table of their own.
AT_WORK = "SELECT count() FROM system.tables WHERE startsWith(name, 'int_events__sessionized__fresh_')"
BEGINNINGS = ("The warehouse is away", "Events land late")
# A look that has just begun, and what a busy machine adds.
TOLD_WITHIN_SECONDS = SECONDS_BETWEEN_TICKS + 2 * AWAY_SECONDS


@pytest.fixture(scope="module")
def webhook() -> Iterator[Webhook]:
    with serving(Webhook()) as server:
        yield server


@pytest.fixture(scope="module")
def up(webhook: Webhook, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    started = Up(
        tmp_path_factory.mktemp("up"),
        EVENTLENS_ALERT_WEBHOOK=webhook.url,
        EVENTLENS_ALERT_NETWORKS="127.0.0.0/8",
        EVENTLENS_ALERT_LANDING_SECONDS="5",
    )
    try:
        started.wait_for("is ready")
        yield started
    finally:
        started.run("stop")
        started.process.wait(90)


def until(is_so: Callable[[], object], pause: float = 0.5, within_seconds: float = BUILT_WITHIN_SECONDS) -> None:
    deadline = time.monotonic() + within_seconds
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(pause)


def visitors(site: Site) -> int:
    count: int = site.ask("metrics")["data"]["unique_visitors"]
    return count


def ended_runs(up: Up) -> list[dg.DagsterRunStatus]:
    """How builds ended, latest first."""
    with dg.DagsterInstance.from_config(str(up.home / "dagster")) as instance:
        runs = instance.get_runs(dg.RunsFilter(job_name="build_lens"))
    return [run.status for run in runs if run.is_finished]


def test_a_warehouse_killed_in_a_run_of_the_sensor_is_started_again_and_the_next_run_builds_it_all(up: Up) -> None:
    site = Site(House(up.environ, up.settings), "shop")
    site.send("/track", event("screen_view", "10:00:00", "first"))
    until(lambda: visitors(site) == 1)
    pid = warehouse_pid(up)
    site.send("/track", event("screen_view", "10:01:00", "second"))
    with site.house.warehouse() as warehouse:
        until(lambda: warehouse.value(AT_WORK), pause=0.01)
    os.kill(pid, signal.SIGKILL)
    # The collector acknowledges meanwhile.
    site.send("/track", event("screen_view", "10:02:00", "third"))
    up.wait_for("was ended by SIGKILL; it starts again")
    until(lambda: is_answering(f"http://127.0.0.1:{up.ports['WAREHOUSE']}/ping"))
    until(lambda: visitors(site) == 3)
    succeeded, failed = dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE
    assert [each for each in ended_runs(up) if each == failed] == [failed]
    assert ended_runs(up)[0] == succeeded
    assert status(up)["problems"] == []
    assert site.ask("metrics")["data"]["total_events"] == 3


def test_a_warehouse_that_stops_to_answer_is_told_within_a_tick_with_what_waits_for_it(
    up: Up, webhook: Webhook
) -> None:
    site = Site(House(up.environ, up.settings), "away")
    pid = warehouse_pid(up)
    webhook.posted.clear()
    os.kill(pid, signal.SIGSTOP)
    try:
        site.send("/track", event("screen_view", "10:00:00", "waiting"))
        until(lambda: are_told(webhook, BEGINNINGS), within_seconds=TOLD_WITHIN_SECONDS)
    finally:
        os.kill(pid, signal.SIGCONT)
    until(lambda: are_told(webhook, [f"Over: {begin}" for begin in BEGINNINGS]), within_seconds=TOLD_WITHIN_SECONDS)
    until(lambda: visitors(site) == 1)


def are_told(webhook: Webhook, beginnings: Sequence[str]) -> bool:
    texts = [body["text"] for _, body in webhook.posted]
    return all(any(text.startswith(begin) for text in texts) for begin in beginnings)


def warehouse_pid(up: Up) -> int:
    [pid] = [int(part["pid"]) for part in status(up)["parts"] if part["name"] == "warehouse"]
    return pid


def status(up: Up) -> dict[str, list[dict[str, str]]]:
    found: dict[str, list[dict[str, str]]] = json.loads(up.run("status", "--json").stdout)
    return found
