"""Builds that are killed, repeated, and read from while they run; and definitions that change."""

import pytest

from tests.builds.conftest import Story
from tests.builds.fingerprints import Held
from tests.builds.reader import QUESTIONS

# The story is six builds long.
pytestmark = pytest.mark.timeout(900)


def differing(one: Held, other: Held) -> dict[tuple[str, str], tuple[object, object]]:
    """What two states of the tables disagree on."""
    keys = {*one, *other}
    return {key: (one.get(key), other.get(key)) for key in keys if one.get(key) != other.get(key)}


def tables_of(difference: dict[tuple[str, str], tuple[object, object]]) -> set[str]:
    return {table for table, _ in difference}


def test_a_range_built_after_late_events_changed_definitions_and_kills_equals_a_fresh_build(
    story: Story,
) -> None:
    changed = tables_of(differing(story.first, story.finished))
    assert {"events", "sessions", "profiles", "metrics_daily", "entry_pages_daily", "retention"} <= changed
    assert differing(story.finished, story.refreshed) == {}


def test_a_build_that_was_killed_before_its_mark_changes_nothing_when_it_runs_again(story: Story) -> None:
    assert differing(story.before_the_mark, story.finished) == {}


def test_killed_builds_leave_nothing_behind(story: Story) -> None:
    assert story.left_over == []


def test_every_batch_is_marked_when_a_build_has_ended(story: Story) -> None:
    assert story.unmarked == 0


def test_a_reader_sees_a_day_as_it_was_or_as_it_is_and_never_half(story: Story) -> None:
    assert story.read_count > 300
    assert {table for table, _ in story.read} == QUESTIONS.keys()
    assert {key: answers for key, answers in story.read.items() if len(answers) > 2} == {}
    swapped = [key for key, answers in story.read.items() if len(answers) == 2]
    assert {table for table, _ in swapped} == QUESTIONS.keys()


def test_a_changed_bounce_rule_holds_on_every_day_that_was_built_again(story: Story) -> None:
    with story.site.warehouse() as warehouse:
        rows = warehouse.rows(
            "SELECT countIf(is_bounce) AS bounces, countIf(is_bounce AND event_count > 1) AS engaged, "
            "countIf(screen_view_count = 1 AND event_count > 1) AS bounces_before FROM lens.sessions"
        )[0]
    assert rows["bounces"] > 0
    assert rows["bounces_before"] > 0
    assert rows["engaged"] == 0


def test_a_changed_zone_moves_a_projects_rows_and_leaves_none_where_they_were(story: Story) -> None:
    with story.site.warehouse() as warehouse:
        days = warehouse.rows(
            "SELECT local_day, local_day = toDate(created_at, 'Pacific/Auckland') AS is_there FROM lens.events "
            "WHERE project_id = {project:String} GROUP BY ALL",
            {"project": story.moved},
        )
    assert len(days) > 1
    assert all(row["is_there"] for row in days)
