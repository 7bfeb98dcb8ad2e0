"""Dagster's page in a real Chromium: what the data team sees, checks and rebuilds there."""

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from event_lens.processes import running
from event_lens.warehouse.failed_checks import read_failed_checks
from tests.end_to_end.running import House
from tests.end_to_end.site import Site
from tests.sdks.browser_visit import find_chromium
from tests.sdks.client_process import run_scenario

NODE = Path(__file__).resolve().parents[1] / "unit" / "node"
CHECK = {"table": "lens/events", "name": "sessions_of_events_are_there"}
GROUPS = {
    "attribution",
    "cohorts",
    "events",
    "funnels",
    "groups",
    "identities",
    "paths",
    "profiles",
    "raw",
    "retention",
}
GROUPS |= {"rollups", "sessions", "staging", "build"}
BUILDS = "SELECT count() FROM lens_staging.builds"
WAITING = "SELECT count() FROM lens_raw.batches WHERE batch_id NOT IN (SELECT batch_id FROM lens_staging.built_batches)"
WITHIN_SECONDS = 120


class Page:
    """The page of the house's Dagster."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.chromium = find_chromium(NODE)

    def visit(self, scenario: str, **options: str) -> Any:
        at = {"executable": self.chromium, "base": self.house.settings.dagster_url}
        return run_scenario(str(NODE / "dagster.mjs"), scenario, folder=NODE, **at, **options)


@pytest.fixture(scope="module")
def page(house: House, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    if not (NODE / "node_modules").exists():
        pytest.skip("the packages of tests/unit/node are missing; `make test` installs them where there is npm")
    visited = Page(house)
    log = tmp_path_factory.mktemp("dagster") / "dagster.log"
    with running("dagster", house.environ, f"{house.settings.dagster_url}/server_info", log):
        yield visited


@pytest.fixture(scope="module")
def today(page: Page) -> date:
    """A day whose event is built, and whose session went missing afterwards."""
    site = Site(page.house, "Missing")
    sent = {"type": "track", "payload": {"name": "screen_view", "deviceId": "d1", "properties": {"__path": "/"}}}
    assert site.send("/track", sent).status_code == 200
    page.house.wait_until_landed()
    with page.house.warehouse() as warehouse:
        wait_until(lambda: warehouse.value(BUILDS) and not warehouse.value(WAITING))
        warehouse.command(
            "ALTER TABLE lens.sessions DELETE WHERE project_id = {p:String} SETTINGS mutations_sync = 1",
            {"p": site.project},
        )
    return datetime.now(UTC).date()


def wait_until(is_so: Any) -> None:
    deadline = time.monotonic() + WITHIN_SECONDS
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_the_graph_shows_every_group(page: Page) -> None:
    assert set(page.visit("groups")) >= GROUPS


def test_a_failing_check_is_red_and_days_rebuilt_from_the_page_mend_it(page: Page, today: date) -> None:
    failed = page.visit("check", **CHECK, ends="Failed")
    assert "Look at missing-" in failed
    with page.house.warehouse() as warehouse:
        assert [check.check_name for check in read_failed_checks(warehouse)] == [CHECK["name"]]
        before = warehouse.value(BUILDS)
        page.visit("rebuild", days=f"[{today - timedelta(days=1)}...{today}]")
        wait_until(lambda: warehouse.value(BUILDS) > before)
        assert "Look at" not in page.visit("check", **CHECK, ends="Passed")
        assert read_failed_checks(warehouse) == ()
