"""A view that lands late changes the row of its week, whose other days are not built again."""

from pathlib import Path
from uuid import uuid4

from event_lens.warehouse.client import Warehouse
from tests.spec.build import Build
from tests.spec.landing import land, land_settings, rows_of
from tests.spec.rows import Project

WEEKS = """
    select toString(day), sum(views), sum(visits), sumIf(visits, previous_day < day) from lens_staging.int_page_visits
    where project_id = {project:String} and is_week group by day order by day
"""


def test_a_view_that_lands_late_is_added_to_its_week(warehouse_url: str, warehouse: Warehouse, tmp_path: Path) -> None:
    project = Project(f"late-{uuid4().hex[:8]}")
    build = Build(warehouse_url, tmp_path)
    found = []
    for landed in (("2026-03-02", "2026-03-04", "2026-03-20"), ("2026-03-06",)):
        for day in landed:
            project.view(f"{day} 10:00")
        land_settings(warehouse, [project])
        days = land(warehouse, rows_of([project])[-len(landed) :], []).as_vars()
        build.run("--select", "+int_page_visits", "--exclude-resource-types", "test", values=days)
        rows = warehouse.rows(WEEKS, {"project": project.project_id})
        found.append([tuple(row.values()) for row in rows])
    later = ("2026-03-15", 1, 1, 1)
    assert found == [[("2026-03-01", 2, 2, 1), later], [("2026-03-01", 3, 3, 1), later]]
