"""The public tables again, by DuckDB over raw rows, with SQL written from docs/glossary.md and not from the models."""

from collections.abc import Sequence
from pathlib import Path

import duckdb

from event_lens.warehouse.client import Warehouse
from tests.reference.fitting import break_down, fit_events, fit_profiles
from tests.reference.raw_rows import copy_raw_rows

SQL = Path(__file__).parent / "sql"

# Each file in `sql` makes the table of the same name, and reads only tables of files before it.
FACTS = ["settings", "received_events", "received_operations", "counted_operations", "seen_events", "going_on"]
FACTS += [
    "device_events",
    "names",
    "links",
    "identities",
    "people_events",
    "cuts",
    "session_events",
    "sessions",
    "events",
]
ROLLUPS = ["metrics_hourly", "metrics_daily", "metrics_weekly", "metrics_monthly", "pages_daily", "entry_pages_daily"]
ROLLUPS += ["exit_pages_daily", "sources_daily", "devices_daily", "places_daily", "event_names_daily", "ingest_hourly"]
DEFINED = ["funnel_steps", "cohort_criteria"]
PEOPLE = ["profile_operations", "day_ends", "profile_instants", "known_operations", "profile_properties"]
PEOPLE += ["profile_states", "profiles", "groups"]
FUNNELS = ["next_instants", "funnel_chains", "funnel_sets", "funnel_attempts"]
RETURNS = ["funnels_daily", "retention", "cohort_members", "cohorts", "page_flows_daily", "attribution"]


def recompute(
    warehouse: Warehouse, project_ids: Sequence[str], *, bounce_rule: str = "screen_views"
) -> duckdb.DuckDBPyConnection:
    """A DuckDB in memory that holds every public table for `project_ids`, by its name in `lens`. Blocks."""
    reference = recompute_events(warehouse, project_ids, bounce_rule=bounce_rule)
    _make(reference, [*ROLLUPS, *DEFINED, *PEOPLE])
    fit_events(reference)
    fit_profiles(reference)
    _make(reference, ["funnel_fits"])
    break_down(reference)
    _make(reference, [*FUNNELS, *RETURNS])
    return reference


def recompute_events(
    warehouse: Warehouse, project_ids: Sequence[str], *, bounce_rule: str = "screen_views"
) -> duckdb.DuckDBPyConnection:
    """The same with events, sessions and what they are made of only. Blocks."""
    reference = duckdb.connect()
    reference.execute("set variable bounce_rule = ?", [bounce_rule])
    copy_raw_rows(warehouse, reference, project_ids)
    _make(reference, FACTS)
    return reference


def _make(reference: duckdb.DuckDBPyConnection, tables: Sequence[str]) -> None:
    for table in tables:
        reference.execute(f"create table {table} as {(SQL / f'{table}.sql').read_text()}")
