"""A project for which a build fails is set aside, the others are built, and it is tried again."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pytest

from event_lens.clock import now_ms
from event_lens.registry.database import open_registry
from event_lens.registry.definitions.goals import remove_goal
from orchestration.planning.plan import has_unbuilt_batches
from orchestration.planning.runs import touched_runs
from tests.builds.aside import Seen, add_goal, built, order
from tests.builds.site import QUIET_FOR_MONTHS, Site, fronted_site
from tests.conftest import EmbeddedServer

DAY = date(2026, 3, 2)
NOT_ALL_BUILT = "lens_staging/built_batches: every_project_is_built"

pytestmark = pytest.mark.timeout(900)


@dataclass
class Story:
    """A goal of `bad` breaks the first build, and another when more has landed; then it is removed.

    At last a table is lost, and the model that makes it anew fails for all projects together, for none of them alone.
    """

    good: str
    bad: str
    idle: str
    began_ms: int
    broken: Seen
    still_broken: Seen
    runs_at_once: int
    mended: Seen
    together: Seen
    names: dict[str, int]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    server = EmbeddedServer(tmp_path_factory.mktemp("site") / "home")
    try:
        with fronted_site(server.wait()) as site:
            yield _told(site, tmp_path_factory.mktemp("root"))
    finally:
        server.stop()


def break_for_three(site: Site, folder: Path) -> None:
    """Has the names of events counted by a model that fails where more than two projects are in it."""
    for part in ("dbt_project", "profiles"):
        shutil.copytree(site.root / part, folder / part)
    shutil.copy(site.root / "dbt_project.yml", folder)
    model = folder / "dbt_project/models/rollups/int_event_names_daily.sql"
    count = "(select uniqExact(project_id) from {{ ref('events') }})"
    model.write_text(model.read_text().replace("{{ in_window", f"throwIf({count} > 2) = 0 and {{{{ in_window"))
    site.root = folder
    with site.warehouse() as warehouse:
        warehouse.command("DROP TABLE lens_staging.int_event_names_daily SYNC")


def _told(site: Site, folder: Path) -> Story:
    good, bad, idle = (site.create(name, "UTC") for name in ("Good", "Bad", "Idle"))
    began = now_ms()
    add_goal(site, good, "good", "^/")
    add_goal(site, bad, "bad", r"[\b]")
    order(site, f"{DAY} 10:00", **{good: 3, bad: 3, idle: 3})
    broken = built(site)
    order(site, f"{DAY} 11:00", **{good: 4, bad: 5})
    still_broken = built(site)
    order(site, f"{DAY} 12:00", **{bad: 6})
    with site.warehouse() as warehouse:
        runs = touched_runs(site.settings, warehouse)
        assert not has_unbuilt_batches(warehouse), "what is of the project alone waits for no build"
    registry = open_registry(site.settings)
    remove_goal(registry, "bad")
    registry.close()
    add_goal(site, bad, "mended", "^/")
    mended = built(site)
    break_for_three(site, folder)
    order(site, f"{DAY + timedelta(days=20)} 10:00", **{good: 1, bad: 1, idle: 1})
    together = built(site)
    with site.warehouse() as warehouse:
        counted = "SELECT project_id, sum(events) AS n FROM lens.event_names_daily GROUP BY ALL"
        names = {row["project_id"]: row["n"] for row in warehouse.rows(counted)}
    return Story(good, bad, idle, began, broken, still_broken, len(runs), mended, together, names)


def test_the_first_build_goes_on_without_the_project_that_breaks_it(story: Story) -> None:
    assert set(story.broken.aside) == {story.bad}
    assert story.broken.orders[story.good] == 3
    assert story.broken.conversions == {story.good: 3}
    assert not story.broken.waiting
    assert story.broken.build.failed_checks == [QUIET_FOR_MONTHS, NOT_ALL_BUILT]


def test_the_reason_names_the_model_and_quotes_the_warehouse(story: Story) -> None:
    aside = story.broken.aside[story.bad]
    assert aside.model == "int_conversions"
    assert "CANNOT_COMPILE_REGEXP" in aside.reason


def test_other_projects_rows_stay_during_a_try_and_its_answers_claim_nothing_new(story: Story) -> None:
    # The try builds the models that do not depend on the failing model.
    assert story.still_broken.orders == {story.good: 7, story.bad: 8, story.idle: 3}
    assert story.still_broken.aside[story.bad].complete_through_ms < story.broken.aside[story.bad].tried_at_ms
    assert story.still_broken.pending > 0


def test_a_try_that_fails_again_is_counted_and_fails_no_build(story: Story) -> None:
    assert (story.broken.aside[story.bad].tries, story.still_broken.aside[story.bad].tries) == (1, 2)
    assert story.still_broken.conversions == {story.good: 7}
    told = story.still_broken.build.failed_checks[2]
    assert told.startswith(f"Project {story.bad} is still set aside. The build failed")


def test_a_project_set_aside_is_not_tried_again_at_once(story: Story) -> None:
    assert story.runs_at_once == 0


def test_a_mended_project_is_built_with_all_events_that_came_meanwhile(story: Story) -> None:
    assert story.mended.aside == {}
    assert story.mended.orders == {story.good: 7, story.bad: 14, story.idle: 3}
    assert story.mended.conversions == {story.good: 7, story.bad: 14}
    assert story.mended.pending == 0


def test_a_build_that_fails_only_for_all_projects_together_is_done_in_parts(story: Story) -> None:
    assert story.together.aside == {}
    assert story.together.orders == {story.good: 8, story.bad: 15, story.idle: 4}
    assert not story.together.waiting
    assert (story.together.pending, story.together.build.failed_checks) == (0, [QUIET_FOR_MONTHS])


def test_a_part_builds_all_of_its_days_in_a_table_that_was_lost(story: Story) -> None:
    assert story.names == {story.good: 8, story.bad: 15, story.idle: 4}
