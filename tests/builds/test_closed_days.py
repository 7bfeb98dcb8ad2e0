"""Days whose raw has expired stay as they were built, also in a full refresh, and what comes for them is counted."""

from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from event_lens.contract.filters import RawFilter
from event_lens.registry.database import open_registry
from event_lens.registry.definitions.cohorts import Criterion, create_cohort
from event_lens.registry.projects import change_project
from event_lens.warehouse.retention import RAW_MARGIN_DAYS
from orchestration.expiry import Expired, expire
from orchestration.privacy_jobs import DROP, privacy_jobs
from tests.builds.conftest import Story
from tests.spec.rows import Project, moment

RAW_DAYS = 20
SUMS = """
    SELECT day, unique_visitors, sessions, screen_views, events FROM lens.metrics_daily
    WHERE project_id = {project:String} ORDER BY day
"""
MEMBERS = """
    SELECT profile_id, joined_at, left_at FROM lens.cohort_members
    WHERE project_id = {project:String} ORDER BY joined_at
"""
SESSION_DAYS = """
    SELECT local_day, session_id, device, entry_path, events_of_day, length(people_of_day) AS people
    FROM lens_staging.int_session_days WHERE project_id = {project:String} ORDER BY local_day, session_id
"""
PAGES = """
    SELECT day, path, views, seconds, timed_views FROM lens_staging.int_pages_daily
    WHERE project_id = {project:String} ORDER BY day, path
"""
# What an earlier version can have had: no such column, one of this name for something else, or a narrower number.
EARLIER_VERSION = (
    "ALTER TABLE lens_staging.int_session_days DROP COLUMN entry_path, DROP COLUMN device",
    "ALTER TABLE lens_staging.int_session_days ADD COLUMN device UInt64 DEFAULT device_hash",
    "ALTER TABLE lens_staging.int_pages_daily MODIFY COLUMN timed_views String, MODIFY COLUMN seconds UInt32",
)
VISITS = """
    SELECT dimension, value, day, previous_day, visits, bounces FROM lens_staging.int_value_visits
    WHERE project_id = {project:String} ORDER BY ALL
"""
FACTS = "SELECT local_day AS day, count() AS events FROM lens.events WHERE project_id = {project:String} GROUP BY day"
ALL = (SUMS, FACTS, MEMBERS, SESSION_DAYS, PAGES, VISITS)


@dataclass
class Aged:
    """A project whose oldest days expired: what its tables held before, and after a late event and a full refresh."""

    project: str
    expired: Expired
    before: dict[str, list[dict[str, Any]]]
    after: dict[str, list[dict[str, Any]]]
    raw_days: list[Any]
    refused: list[str]
    unbuilt: int


@pytest.fixture(scope="module")
def aged(story: Story) -> Aged:
    site = story.site
    project = Project(site.create("Aged", "UTC"))
    today = datetime.now(UTC).date()
    for ago in range(1, 31):
        for minute in range(3):
            project.view(moment(f"{today - timedelta(days=ago)} 10:0{minute}"), device=f"d{ago % 4}")
    for ago, plan in ((29, "pro"), (4, "free"), (2, "pro")):
        at = moment(f"{today - timedelta(days=ago)} 11:00")
        project.operation(at, "identify", "ann", "d1", properties={"plan": plan})
    with closing(open_registry(site.settings)) as registry:
        pro = RawFilter("properties.plan", "is", "pro")
        create_cohort(registry, project.project_id, "Pro", (Criterion(profile=[pro]),))
    site.land(project)
    site.build()
    values = {"project": project.project_id}
    with closing(open_registry(site.settings)) as registry:
        change_project(registry, project.project_id, raw_kept_days=RAW_DAYS)
    with site.warehouse() as warehouse:
        before = {sql: warehouse.rows(sql, values) for sql in ALL}
        (said,) = expire(site.settings, project.project_id, is_dry_run=True)
        expire_job, _ = privacy_jobs(site.settings)
        form = {"ops": {DROP: {"config": {"dry_run": False}}}}
        assert expire_job.execute_in_process(run_config=form).success
        late = Project(project.project_id)
        late.view(moment(f"{today - timedelta(days=28)} 12:00"), device="late", received_at=moment(f"{today} 00:00"))
        site.land(late)
        for change in EARLIER_VERSION:
            warehouse.command(change, settings={"mutations_sync": 2})
        site.build(is_full_refresh=True)
        return Aged(
            project.project_id,
            said,
            before,
            {sql: warehouse.rows(sql, values) for sql in ALL},
            warehouse.rows("SELECT min(day) AS first FROM lens_raw.events WHERE project_id = {project:String}", values),
            [
                row["code"]
                for row in warehouse.rows(
                    "SELECT code FROM lens_raw.quarantine WHERE project_id = {project:String}", values
                )
            ],
            warehouse.value(
                "SELECT count() FROM lens_raw.batches "
                "WHERE batch_id NOT IN (SELECT batch_id FROM lens_staging.built_batches)"
            ),
        )


def test_raw_goes_by_whole_days(aged: Aged) -> None:
    first_kept = datetime.now(UTC).date() - timedelta(days=RAW_DAYS)
    assert aged.raw_days == [{"first": first_kept}]
    going = [(each.table, each.row_count) for each in aged.expired.going]
    assert going == [("lens_raw.events", 30), ("lens_raw.profile_operations", 1)]


def test_a_full_refresh_keeps_the_days_whose_raw_is_gone(aged: Aged) -> None:
    assert len(aged.before[SUMS]) == 30
    assert aged.after[SUMS] == aged.before[SUMS]
    assert sorted(aged.after[FACTS], key=str) == sorted(aged.before[FACTS], key=str)


def test_an_update_computes_session_days_of_closed_days_from_the_kept_sessions(aged: Aged) -> None:
    assert len({row["local_day"] for row in aged.before[SESSION_DAYS]}) == 30
    assert {row["entry_path"] for row in aged.before[SESSION_DAYS]} == {"/"}
    assert aged.after[SESSION_DAYS] == aged.before[SESSION_DAYS]
    assert len({row["day"] for row in aged.before[VISITS]}) == 30
    assert aged.after[VISITS] == aged.before[VISITS]


def test_an_update_takes_no_column_for_another_of_its_name_on_closed_days(aged: Aged) -> None:
    first_open = datetime.now(UTC).date() - timedelta(days=RAW_DAYS - RAW_MARGIN_DAYS)
    assert {row["timed_views"] for row in aged.before[PAGES]} == {2}
    assert {row["seconds"] for row in aged.before[PAGES]} == {120}
    closed = [row | {"timed_views": 0} if row["day"] < first_open else row for row in aged.before[PAGES]]
    assert closed != aged.before[PAGES]
    assert aged.after[PAGES] == closed


def test_a_past_member_stays_a_member_when_the_raw_rows_of_that_time_are_dropped(aged: Aged) -> None:
    assert [row["profile_id"] for row in aged.before[MEMBERS]] == ["ann", "ann"]
    assert aged.after[MEMBERS] == aged.before[MEMBERS]


def test_a_late_event_is_counted_as_too_late_and_its_batch_is_built(aged: Aged) -> None:
    assert aged.refused == ["too_late"]
    assert aged.unbuilt == 0


def test_a_profile_stays_for_the_days_after_its_last_operation(story: Story) -> None:
    site = story.site
    project = Project(site.create("Named", "UTC"))
    today = datetime.now(UTC).date()
    for name, days in (("named once", [25]), ("named again", [25, 2]), ("seen and named", [2])):
        for ago in days:
            project.operation(moment(f"{today - timedelta(days=ago)} 11:00"), "identify", name, properties={"ago": ago})
    project.view(moment(f"{today - timedelta(days=26)} 11:00"), device="d1", profile_id="seen and named")
    site.land(project)
    site.build()
    with closing(open_registry(site.settings)) as registry:
        change_project(registry, project.project_id, profiles_kept_days=20)
    with site.warehouse() as warehouse:
        sql = "SELECT profile_id FROM lens.profiles WHERE project_id = {project:String} ORDER BY profile_id"
        values = {"project": project.project_id}
        built = [row["profile_id"] for row in warehouse.rows(sql, values)]
        assert built == ["named again", "named once", "seen and named"]
        expire(site.settings, project.project_id, is_dry_run=False)
        site.build(is_full_refresh=True)
        assert [row["profile_id"] for row in warehouse.rows(sql, values)] == ["named again", "seen and named"]
