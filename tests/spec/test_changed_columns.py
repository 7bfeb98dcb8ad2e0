"""A table that an earlier version built with other columns is not mixed with new days."""

from pathlib import Path
from uuid import uuid4

import pytest

from event_lens.warehouse.client import Warehouse
from tests.spec.build import Build
from tests.spec.landing import land, land_settings, rows_of
from tests.spec.rows import Project


@pytest.mark.parametrize("table", ["lens_staging.int_event_names_daily", "lens_staging.int_device_days"])
def test_a_build_over_other_columns_says_how_to_go_on(
    warehouse_url: str, warehouse: Warehouse, tmp_path: Path, table: str
) -> None:
    project = Project(f"columns-{uuid4().hex[:8]}")
    project.event("2026-02-02 10:00", "signup")
    build = Build(warehouse_url, tmp_path)
    land_settings(warehouse, [project])
    days = land(warehouse, rows_of([project]), []).as_vars()
    model = ("--select", f"+{table.split('.')[1]}", "--exclude-resource-types", "test")
    build.run(*model, values=days)
    warehouse.command(f"ALTER TABLE {table} ADD COLUMN from_before UInt8")
    with pytest.raises(
        AssertionError, match=r"other columns than this version has: run `eventlens build --full-refresh`"
    ):
        build.run(*model, values=days)
    warehouse.command(f"ALTER TABLE {table} DROP COLUMN from_before")
    build.run(*model, values=days)
    assert (
        warehouse.value(f"SELECT count() FROM {table} WHERE project_id = {{p:String}}", {"p": project.project_id}) == 1
    )
