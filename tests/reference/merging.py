"""The states of the rollups, merged over all days in the warehouse, against distinct counts over all days."""

from collections.abc import Sequence

import duckdb

from event_lens.warehouse.client import Warehouse
from tests.reference.keys import is_approximate

# The rows whose devices or people are in the states of a table.
SOURCES = {
    "metrics_hourly": "events",
    "metrics_daily": "events",
    "event_names_daily": "events",
    "entry_pages_daily": "(select * from sessions where screen_view_count > 0)",
    "exit_pages_daily": "(select * from sessions where screen_view_count > 0)",
    "sources_daily": "sessions",
    "devices_daily": "sessions",
    "places_daily": "sessions",
}
COUNTED = {
    "unique_visitors_state": "count(distinct nullif(device_id, ''))",
    "people_state": "count(distinct nullif(profile_id, ''))",
}


def wrongly_merged(
    warehouse: Warehouse, reference: duckdb.DuckDBPyConnection, table: str, project_ids: Sequence[str]
) -> list[str]:
    """A line for each project whose merged states of `int_<table>` say something else than the reference."""
    states = [
        row for row in warehouse.rows(f"describe table lens_staging.int_{table}") if row["name"].endswith("_state")
    ]
    merged = ", ".join(f"{row['type'].split('(')[1].split(',')[0]}Merge({row['name']})" for row in states)
    counted = ", ".join(COUNTED[row["name"]] for row in states)
    rows = f"lens_staging.int_{table} where project_id in {{projects:Array(String)}}"
    asked = f"select project_id, {merged} from {rows} group by all"
    found = [tuple(row.values()) for row in warehouse.rows(asked, {"projects": list(project_ids)})]
    said = reference.execute(f"select project_id, {counted} from {SOURCES[table]} group by all").fetchall()
    expected = {project_id: counts for project_id, *counts in said}
    faults = [f"{table}: projects {sorted(expected.keys() ^ {row[0] for row in found})} are on one side only"]
    lines = [] if expected.keys() == {row[0] for row in found} else faults
    for project_id, *counts in found:
        for state, count, right in zip(states, counts, expected.get(project_id, counts), strict=True):
            allowed = right * 0.01 if is_approximate(table, state["name"]) else 0
            if abs(count - right) > allowed:
                lines.append(f"{table}, {project_id}: {state['name']} merges to {count}, not {right}")
    return lines
