"""A step that lands late changes the day on which its attempt began, however long before."""

from pathlib import Path
from uuid import uuid4

from event_lens.warehouse.client import Warehouse
from tests.spec.build import Build
from tests.spec.landing import land, land_settings, rows_of
from tests.spec.rows import Project

REACHED = """select toString(day), step, reached from lens.funnels_daily
    where project_id = {project:String} order by step"""


def test_a_purchase_that_lands_weeks_later_counts_on_the_day_of_the_first_step(
    warehouse_url: str, warehouse: Warehouse, tmp_path: Path
) -> None:
    project = Project(f"late-{uuid4().hex[:8]}")
    steps = {"step_names": ["signup", "buy"], "window_seconds": 40 * 86_400}
    project.definitions["funnel"] = [{"funnel_id": "late", "name": "late"} | steps]
    build = Build(warehouse_url, tmp_path)
    found = []
    for at, name in (("2026-02-02 10:00", "signup"), ("2026-03-14 10:00", "buy")):
        project.event(at, name)
        land_settings(warehouse, [project])
        days = land(warehouse, rows_of([project])[-1:], []).as_vars()
        build.run("--select", "+funnels_daily", "--exclude-resource-types", "test", values=days)
        rows = warehouse.rows(REACHED, {"project": project.project_id})
        found.append([tuple(row.values()) for row in rows])
    assert found == [[("2026-02-02", 1, 1), ("2026-02-02", 2, 0)], [("2026-02-02", 1, 1), ("2026-02-02", 2, 1)]]
