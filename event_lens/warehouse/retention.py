"""How many days a project keeps raw rows, events and profiles. From these numbers follow the rows that are dropped and
the days that are closed. A closed day is never recomputed: builds take over its rows unchanged. So a day closes before
the first raw row that its build would read is dropped, and rows that arrive for it later are refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

from event_lens.shards import OWN, SPANNING
from event_lens.warehouse.client import Warehouse

# A day is built from raw rows of up to five days before it, and its ledger from rows received up to a week before.
RAW_MARGIN_DAYS = 8
# A conversion is attributed to sessions of up to 31 days before it.
EVENTS_MARGIN_DAYS = 31

RAW = ("lens_raw.events", "lens_raw.profile_operations")
# Tables with a row per event or session, and the day column by which their rows are dropped.
_EVENTS = {"events": "local_day", "sessions": "day"}
_EVENT_FACTS = {
    "int_events__sessionized": "local_day",
    "int_event_copies": "day",
    "int_device_handovers": "utc_day",
    "int_session_days": "local_day",
    "int_value_visits": "day",
}
_VISITS = "lens_staging.int_value_visits"
# Made of these visits and of page views, which do not expire. Without the visits of a day, answers about the day come
# from rollups.
_PAGE_VISITS = "lens_staging.int_page_visits"
_PAGE_VISIT_COLUMNS = ("visits", "first_visits_of_days", "entries", "entry_bounces", "exits", "exit_bounces")
# Tables with a row per profile, and the day column by which they are shown; the last two say which profiles are
# dropped.
_PROFILE_TABLES = {
    "lens_staging.int_profile_values": "local_day",
    "lens_staging.int_identity_links": "local_day",
    f"{OWN}.profiles": "toDate(last_seen_at)",
    f"{SPANNING}.profiles": "toDate(last_seen_at)",
    "lens_staging.int_operations": "local_day",
    "lens_staging.int_profile_days": "local_day",
}
_NEVER = date(1970, 1, 1)
_AT_ONCE = {"mutations_sync": 2, "allow_nondeterministic_mutations": 1}
# Profiles that were last seen before the edge, in an event, a session or an operation, as in `profiles`. A mutation
# looks for a CTE's name among the tables of the database, so these are not CTEs.
_GONE = """
    SELECT profile_id FROM (
        SELECT profile_id, local_day FROM lens_staging.int_profile_days WHERE project_id = {project:String}
        UNION ALL
        SELECT if(aliases.alias = '', operations.profile_id, aliases.profile_id) AS profile_id, operations.local_day
        FROM lens_staging.int_operations AS operations
        LEFT JOIN lens_staging.int_aliases AS aliases
            ON operations.project_id = aliases.project_id AND operations.profile_id = aliases.alias
        WHERE operations.project_id = {project:String} AND operations.profile_id != ''
    )
    GROUP BY profile_id HAVING max(local_day) < {profiles_before:Date}
"""
# Their own ids, and their aliases.
_PROFILES = f"""
    {_GONE}
    UNION ALL
    SELECT alias FROM lens_staging.int_aliases
    WHERE project_id = {{project:String}} AND profile_id IN ({_GONE})
"""


class Commands(Protocol):
    def command(self, sql: str) -> None: ...

    def rows(self, sql: str) -> list[dict[str, str]]: ...


def end_engine_ttl(warehouse: Commands) -> None:
    """Remove the TTL that an earlier version gave to raw tables: it drops days that are not built yet."""
    for table in RAW:
        database, name = table.split(".")
        (found,) = warehouse.rows(
            f"SELECT create_table_query AS sql FROM system.tables WHERE database = '{database}' AND name = '{name}'"
        )
        if " TTL toDateTime(created_at)" in found["sql"]:
            warehouse.command(f"ALTER TABLE {table} REMOVE TTL")


class Kept(NamedTuple):
    """The number of days for which a project keeps raw rows, events and profiles; 0 means without a limit."""

    raw_days: int = 0
    events_days: int = 0
    profiles_days: int = 0


@dataclass(frozen=True)
class Edges:
    """The first kept day of raw rows, events and profiles, and the first open day; 1970-01-01 for no limit."""

    closed_before: date = _NEVER
    raw_before: date = _NEVER
    events_before: date = _NEVER
    profiles_before: date = _NEVER

    def no_earlier_than(self, noted: "Edges") -> "Edges":
        """Return for each edge the later one of this object's day and the day in `noted`. So a closed day stays closed,
        even if the settings change.
        """
        return Edges(*(max(ours, theirs) for ours, theirs in zip(self.as_tuple(), noted.as_tuple(), strict=True)))

    def as_tuple(self) -> tuple[date, date, date, date]:
        return self.closed_before, self.raw_before, self.events_before, self.profiles_before


def edges_of(kept: Kept, today: date) -> Edges:
    """Return the edges on `today`, a local date of the project: which rows are dropped and which days close."""

    def before(days: int) -> date:
        return today - timedelta(days=days) if days else _NEVER

    raw_before, events_before = before(kept.raw_days), before(kept.events_days)
    profiles_before = before(kept.profiles_days)
    closing = [
        edge + timedelta(days=margin)
        for edge, margin in (
            (raw_before, RAW_MARGIN_DAYS),
            (events_before, EVENTS_MARGIN_DAYS),
            # All days on which such a profile was active are earlier.
            (profiles_before, 0),
        )
        if edge > _NEVER
    ]
    return Edges(max(closing, default=_NEVER), raw_before, events_before, profiles_before)


def read_edges(warehouse: Warehouse) -> dict[str, Edges]:
    """Return the edges of each project: up to which day its days are closed, and up to which day rows were dropped."""
    return {
        row["project_id"]: Edges(row["closed_before"], row["raw_before"], row["events_before"], row["profiles_before"])
        for row in warehouse.rows("SELECT * FROM lens_raw.closed_days FINAL")
    }


@dataclass(frozen=True)
class Going:
    """The rows of one table that will be dropped: how many, and of which days."""

    table: str
    row_count: int
    first_day: date
    last_day: date


def find_going(warehouse: Warehouse, project_id: str, edges: Edges) -> list[Going]:
    """Return by table the rows that `drop_days` would drop."""
    found = []
    for table, (day, condition) in _going(warehouse, edges).items():
        (row,) = warehouse.rows(
            f"SELECT count() AS row_count, min({day}) AS first_day, max({day}) AS last_day FROM {table} "
            f"WHERE project_id = {{project:String}} AND {condition}",
            _values(project_id, edges),
        )
        if row["row_count"]:
            found.append(Going(table, row["row_count"], row["first_day"], row["last_day"]))
    return found


def close_days(warehouse: Warehouse, project_id: str, edges: Edges) -> None:
    """Note which days are closed, before the first row is dropped. No build may run meanwhile."""
    warehouse.command(
        "INSERT INTO lens_raw.closed_days SELECT {project:String}, {closed_before:Date}, {raw_before:Date}, "
        "{events_before:Date}, {profiles_before:Date}, now64(3, 'UTC')",
        _values(project_id, edges),
        {"async_insert": 0},
    )


def drop_days(warehouse: Warehouse, project_id: str, edges: Edges) -> None:
    """Drop the rows older than `edges`; blocks. After a kill, call it again. No build may run meanwhile."""
    conditions = _going(warehouse, edges)
    for going in find_going(warehouse, project_id, edges):
        _, condition = conditions[going.table]
        if going.table == _VISITS:
            # First, so that a call after a kill does it again.
            forget_page_visits(warehouse, project_id, edges.events_before)
        warehouse.command(
            f"ALTER TABLE {going.table} DELETE WHERE project_id = {{project:String}} AND {condition}",
            _values(project_id, edges),
            _AT_ONCE,
        )


def forget_page_visits(warehouse: Warehouse, project_id: str, before: date) -> None:
    """Set the numbers of visits in the rows of page views of the days before `before` to 0; blocks."""
    if _PAGE_VISITS in _tables(warehouse):
        forgotten = ", ".join(f"{column} = 0" for column in _PAGE_VISIT_COLUMNS)
        warehouse.command(
            f"ALTER TABLE {_PAGE_VISITS} UPDATE {forgotten} "
            "WHERE project_id = {project:String} AND day < {before:Date}",
            {"project": project_id, "before": before},
            _AT_ONCE,
        )


def _going(warehouse: Warehouse, edges: Edges) -> dict[str, tuple[str, str]]:
    """Return the day column of each existing table, and the condition for rows that are to be dropped."""
    conditions: dict[str, tuple[str, str]] = {}
    if edges.raw_before > _NEVER:
        # A late row stays as long after its receipt: the ledger of those days is still open.
        old = "day < {raw_before:Date} AND received_at < toDateTime64({raw_before:Date}, 3, 'UTC')"
        conditions |= dict.fromkeys(RAW, ("day", old))
    if edges.events_before > _NEVER:
        tables = [(database, name, day) for database in (SPANNING, OWN) for name, day in _EVENTS.items()]
        tables += [("lens_staging", name, day) for name, day in _EVENT_FACTS.items()]
        conditions |= {f"{at}.{name}": (day, f"{day} < {{events_before:Date}}") for at, name, day in tables}
    if edges.profiles_before > _NEVER:
        conditions |= {table: (day, f"profile_id IN ({_PROFILES})") for table, day in _PROFILE_TABLES.items()}
    there = _tables(warehouse)
    return {table: wanted for table, wanted in conditions.items() if table in there}


def _tables(warehouse: Warehouse) -> set[str]:
    return {
        row["name"]
        for row in warehouse.rows(
            "SELECT concat(database, '.', name) AS name FROM system.tables WHERE endsWith(engine, 'MergeTree')"
        )
    }


def _values(project_id: str, edges: Edges) -> Mapping[str, Any]:
    named = ("closed_before", "raw_before", "events_before", "profiles_before")
    return {"project": project_id, **dict(zip(named, edges.as_tuple(), strict=True))}


# A collector asks at every request, and the answer changes once a day.
@lru_cache(maxsize=1024)
def first_day_taken(kept: Kept, today: date) -> date:
    """Return the first UTC day whose events a collector takes on the UTC day `today`.

    This day is a day or two before the first open day in the project's zone. Builds decide about the events of the days
    between them.
    """
    closed_before = edges_of(kept, today).closed_before
    return closed_before - timedelta(days=2) if closed_before > _NEVER else _NEVER
