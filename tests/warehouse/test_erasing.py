"""Who is erased is left out of raw up to the request, by whatever way the rows come, and deleted by hashes alone."""

import json
from uuid import uuid4

import pytest

from event_lens.clock import now_ms
from event_lens.warehouse.client import Warehouse
from event_lens.warehouse.erasing import Erasing, count_rows, delete_from_raw, hide, sweep
from event_lens.warehouse.person import Person, find_device, find_profile
from tests.spec.landing import land, rows_of
from tests.spec.rows import Project, moment

UNTIL = moment("2026-04-01")
KEY = (11, 12)


@pytest.fixture
def project() -> Project:
    return Project(f"erasing-{uuid4().hex[:8]}")


def kept(warehouse: Warehouse, project: Project, view: str = "kept_events") -> list[str]:
    sql = f"SELECT device_id || ' ' || profile_id AS sent FROM lens_raw.{view} WHERE project_id = {{project:String}}"
    rows = warehouse.rows(f"{sql} ORDER BY created_at, sent", {"project": project.project_id})
    return [row["sent"] for row in rows]


def erasing_of(project: Project, until_ms: int = UNTIL) -> Erasing:
    return Erasing(uuid4().hex, project.project_id, until_ms, KEY)


def land_all(warehouse: Warehouse, project: Project) -> None:
    land(warehouse, rows_of([project]), [])


def test_events_of_a_profile_are_hidden_up_to_the_request_and_later_ones_are_not(
    warehouse: Warehouse, project: Project
) -> None:
    project.event("2026-03-01", device="d1", profile_id="p1")
    project.event("2026-03-02", device="d1")
    project.event("2026-03-03", device="d2", profile_id="p2")
    project.event("2026-05-01", device="d1")
    project.event("2026-05-02", device="d9", profile_id="p1")
    project.event("2026-05-03", device="d1", received_at=moment("2026-03-03"))
    land_all(warehouse, project)
    assert len(kept(warehouse, project)) == 6
    hide(warehouse, erasing_of(project), find_profile(warehouse, project.project_id, "p1"))
    # For an event from a clock that is ahead, the time of receipt counts.
    assert kept(warehouse, project) == ["d2 p2", "d1 ", "d9 p1"]


def test_rows_that_land_after_the_request_but_happened_before_are_left_out(
    warehouse: Warehouse, project: Project
) -> None:
    project.event("2026-03-01", device="d1", profile_id="p1")
    land_all(warehouse, project)
    hide(warehouse, erasing_of(project), find_profile(warehouse, project.project_id, "p1"))
    later = Project(project.project_id)
    later.event("2026-03-09", device="d1", received_at=moment("2026-06-01"))
    later.event("2026-03-09", device="d3", received_at=moment("2026-06-01"))
    land_all(warehouse, later)
    assert kept(warehouse, project) == ["d3 "]


def test_of_a_device_that_two_people_used_only_the_persons_time_is_erased(
    warehouse: Warehouse, project: Project
) -> None:
    for day, profile in enumerate(("", "p1", "", "p2", "", "p1", ""), 1):
        project.event(f"2026-03-0{day}", device="d1", profile_id=profile)
    land_all(warehouse, project)
    hide(warehouse, erasing_of(project), find_profile(warehouse, project.project_id, "p1"))
    assert kept(warehouse, project) == ["d1 p2", "d1 "]


def test_aliases_lead_to_the_person_from_both_sides(warehouse: Warehouse, project: Project) -> None:
    project.operation("2026-03-01", "alias", "new-name", "d1", alias="old-name")
    project.operation("2026-03-01", "alias", "old-name", "d1", alias="first-name")
    project.operation("2026-03-01", "alias", "elsewhere", "d5", alias="other")
    for name in ("first-name", "old-name", "new-name", "other"):
        project.event("2026-03-02", device=f"d-{name}", profile_id=name)
    land_all(warehouse, project)
    person = find_profile(warehouse, project.project_id, "old-name")
    assert person.profiles == {"first-name", "old-name", "new-name"}
    hide(warehouse, erasing_of(project), person)
    assert kept(warehouse, project) == ["d-other other"]
    assert kept(warehouse, project, "kept_operations") == ["d5 elsewhere"]


def test_a_device_goes_with_the_ids_it_had_before_and_after_a_salt(warehouse: Warehouse, project: Project) -> None:
    derived = {"device_kind": "derived"}
    project.event("2026-03-01 23:50", device="d1", **derived)
    project.event("2026-03-02 00:05", device="d2", previous_device_id="d1", **derived)
    project.event("2026-03-03 00:05", device="d3", previous_device_id="d2", profile_id="p1", **derived)
    project.event("2026-03-03 00:05", device="d4", previous_device_id="d8", **derived)
    land_all(warehouse, project)
    person = find_device(warehouse, project.project_id, "d2")
    assert person.devices == {"d1", "d2", "d3"}
    hide(warehouse, erasing_of(project), person)
    assert kept(warehouse, project) == ["d4 "]


def test_rows_leave_raw_and_refused_bodies_are_emptied(warehouse: Warehouse, project: Project) -> None:
    project.event("2026-03-01", device="d1", profile_id="p-1")
    project.event("2026-03-01", device="d2", profile_id="p-10")
    project.operation("2026-03-01", "identify", "p-1", "d1", email="one@example.com")
    for sent in ({"profileId": "p-1"}, {"email": "one@example.com"}, {"profileId": "p-10"}):
        project.reject(now_ms() - 1)["body"] = json.dumps(sent)  # older ones are emptied anyway
    land_all(warehouse, project)
    person, erasing = find_profile(warehouse, project.project_id, "p-1"), erasing_of(project, now_ms())
    hide(warehouse, erasing, person)
    expected = {"lens_raw.events": 1, "lens_raw.profile_operations": 1, "lens_raw.quarantine": 2}
    assert count_rows(warehouse, erasing, person) == expected
    for _ in range(2):  # as after a kill
        delete_from_raw(warehouse, erasing, person, UNTIL)
        assert count_rows(warehouse, erasing, person) == {}
    values = {"project": project.project_id}
    bodies = "SELECT body, code FROM lens_raw.quarantine WHERE project_id = {project:String} ORDER BY body"
    found = [row["body"] for row in warehouse.rows(bodies, values)]
    assert found == ["", "", '{"profileId": "p-10"}']
    rows = "SELECT device_id FROM lens_raw.events WHERE project_id = {project:String}"
    assert [row["device_id"] for row in warehouse.rows(rows, values)] == ["d2"]
    commands = warehouse.rows("SELECT command FROM system.mutations WHERE database = 'lens_raw'")
    assert not [row for row in commands if "p-1" in row["command"] or "one@example" in row["command"]]


def test_a_build_deletes_rows_of_erased_people_that_its_batches_brought(warehouse: Warehouse, project: Project) -> None:
    hide(warehouse, erasing_of(project), Person(profiles={"p1"}))
    project.event("2026-03-01", device="d1", profile_id="p1")
    project.event("2026-03-01", device="d1", profile_id="p2")
    land_all(warehouse, project)
    build, batch = uuid4().hex, project.events[0]["batch_id"]
    warehouse.command(
        "INSERT INTO lens_staging.planned_batches (build_id, batch_id, planned_at) "
        "SELECT {build:String}, {batch:String}, now64(3)",
        {"build": build, "batch": batch},
    )
    assert sweep(warehouse, build) == 1
    assert sweep(warehouse, build) == 0
    rows = "SELECT profile_id FROM lens_raw.events WHERE project_id = {project:String}"
    assert [row["profile_id"] for row in warehouse.rows(rows, {"project": project.project_id})] == ["p2"]


@pytest.mark.parametrize(("table", "view"), [("events", "kept_events"), ("profile_operations", "kept_operations")])
def test_the_views_have_the_columns_of_raw(warehouse: Warehouse, table: str, view: str) -> None:
    columns = "SELECT name, type FROM system.columns WHERE database = 'lens_raw' AND table = {table:String}"
    of_both = [warehouse.rows(f"{columns} ORDER BY position", {"table": name}) for name in (table, view)]
    assert of_both[0] == of_both[1]
