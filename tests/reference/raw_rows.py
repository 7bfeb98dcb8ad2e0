"""Raw rows and definitions, from the warehouse into DuckDB: all that the reference knows."""

from collections.abc import Sequence

import duckdb
import polars

from event_lens.warehouse.client import Warehouse

# The name of a table in DuckDB, and the question that fills it. Times come as instants and are stored in UTC without a
# zone.
TABLES = {
    "events": """
        select * except (day) replace (toString(event_id) as event_id, toJSONString(properties) as properties)
        from lens_raw.events""",
    "operations": """
        select * except (day) replace (toString(event_id) as event_id, toJSONString(properties) as properties)
        from lens_raw.profile_operations""",
    "quarantine": "select project_id, received_at, code from lens_raw.quarantine",
    "project_settings": "select * from lens_raw.project_settings final",
    "funnel_definitions": "select * from lens_raw.funnel_definitions final",
    "retention_definitions": "select * from lens_raw.retention_definitions final",
    "cohort_definitions": "select * from lens_raw.cohort_definitions final",
    "goal_definitions": "select * from lens_raw.goal_definitions final",
    # Values for which the glossary names only a hash, and Google's rules, which other tests check by hand.
    "session_ids": "select project_id, device_id, started_at, session_id from lens.sessions",
    "channels": """
        select distinct
            referrer, referrer_name, referrer_type, utm_source, utm_medium, utm_campaign, click_id, channel
        from lens.sessions""",
}
_PLAIN = {"output_format_arrow_low_cardinality_as_dictionary": 0, "output_format_json_quote_64bit_integers": 0}


def copy_raw_rows(warehouse: Warehouse, into: duckdb.DuckDBPyConnection, project_ids: Sequence[str]) -> None:
    """Make the schema `raw` of `into` with the rows of `project_ids`. Blocks."""
    into.execute("set TimeZone = 'UTC'")
    into.execute("create schema raw")
    for table, question in TABLES.items():
        asked = f"{question} where project_id in {{projects:Array(String)}}"
        frame = warehouse.frame(asked, {"projects": list(project_ids)}, _PLAIN)
        into.register("arrived", frame.to_arrow())
        times = [name for name, kind in frame.schema.items() if isinstance(kind, polars.Datetime)]
        naive = ", ".join(f"timezone('UTC', {name}) as {name}" for name in times)
        into.execute(f"create table raw.{table} as select * {f'replace ({naive})' if times else ''} from arrived")
        into.unregister("arrived")
