"""The projects of a build, as settings that keep dbt's statements from reading other projects' rows."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import uuid4

import msgspec

from event_lens.clock import now_ms
from event_lens.contract.rows import timestamp
from event_lens.shards import OWN, SPANNING
from event_lens.warehouse.client import Warehouse

FILTERS, KEPT = "EVENTLENS_DBT_TABLE_FILTERS", "EVENTLENS_DBT_KEPT_PROJECTS"
NO_FILTERS = "{}"

# Raw tables and dbt's tables; tables with the builds' own notes are read whole.
_TABLES_OF_PROJECTS = """
    SELECT concat(database, '.', name) AS table
    FROM system.tables
    WHERE (database IN {own:Array(String)} OR (database = 'lens_staging' AND startsWith(name, 'int_')))
      AND endsWith(engine, 'MergeTree')
      AND (database, name) IN (SELECT database, table FROM system.columns WHERE name = 'project_id')
    ORDER BY table
"""


@dataclass(frozen=True)
class Choice:
    """Only `projects`, or with `is_but` all projects except `projects`. Rows of the other projects stay in the tables
    unchanged.
    """

    projects: frozenset[str] = frozenset()
    is_but: bool = True

    @classmethod
    def only(cls, projects: Iterable[str]) -> "Choice":
        return cls(frozenset(projects), is_but=False)

    @classmethod
    def but(cls, projects: Iterable[str]) -> "Choice":
        return cls(frozenset(projects), is_but=True)

    def without(self, projects: Iterable[str]) -> "Choice":
        """Return the same choice without `projects`."""
        left_out = frozenset(projects)
        return Choice(self.projects | left_out if self.is_but else self.projects - left_out, self.is_but)


def apply_choice(warehouse: Warehouse, choice: Choice) -> None:
    """Set this process's environment for dbt's next command, and note the projects where its statements read them."""
    os.environ.update(choice_environment(warehouse, choice))


def choice_environment(warehouse: Warehouse, choice: Choice) -> dict[str, str]:
    """Note `choice` in the warehouse, and return the environment for dbt."""
    if choice == Choice():
        return {FILTERS: NO_FILTERS, KEPT: ""}
    choice_id = uuid4().hex
    common = {"choice_id": choice_id, "chosen_at": timestamp(now_ms())}
    lines = b"".join(msgspec.json.encode({"project_id": project, **common}) + b"\n" for project in choice.projects)
    if lines:
        warehouse.insert_lines("lens_staging.chosen_projects", lines, token=choice_id)
    chosen = f"(SELECT project_id FROM lens_staging.chosen_projects WHERE choice_id = '{choice_id}')"
    read, kept = ("NOT IN", "IN") if choice.is_but else ("IN", "NOT IN")
    quoted = f"project_id {read} {chosen}".replace("'", "\\'")
    tables = warehouse.rows(_TABLES_OF_PROJECTS, {"own": ["lens_raw", SPANNING, OWN]})
    filters = ", ".join(f"'{row['table']}': '{quoted}'" for row in tables)
    return {FILTERS: f"{{{filters}}}", KEPT: f"project_id {kept} {chosen}"}
