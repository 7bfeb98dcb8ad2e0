"""Checks of the tables that failed in the last build that ran them."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

from event_lens.warehouse.readable import Readable

TABLE = "lens_staging.failed_checks"
# Private tables that answer in the place of public tables, apart from `int_X`, which answers for `X`.
_IN_PLACE_OF = {
    "session_days": ("events", "sessions"),
    "value_visits": ("events", "sessions"),
    "profile_days": ("events",),
    "returns": ("metrics_daily",),
}
_NAMED = re.compile(r"\b(?:lens|lens_staging)\.(\w+)")


@dataclass(frozen=True)
class FailedCheck:
    """A check that failed, with the severity `error` or `warn`. It failed for `projects`; no projects mean all.
    `tables` are the names, by `plain_names`, of the tables that it checks.
    """

    check_name: str
    severity: str
    tables: frozenset[str]
    projects: frozenset[str]
    since_ms: int

    def failed_for(self, project_id: str) -> bool:
        return not self.projects or project_id in self.projects


def plain_names(tables: Iterable[str]) -> frozenset[str]:
    """Return the names of public tables; a private table stands for those in whose place it answers."""
    names = (table.rpartition(".")[2].removeprefix("int_") for table in tables)
    return frozenset(chain.from_iterable(_IN_PLACE_OF.get(name, (name,)) for name in names))


def failed_of(checks: Sequence[FailedCheck], project_id: str, table: str, sql: str) -> list[FailedCheck]:
    """Return the `checks` that failed for a project on `table` or on a table that `sql` names."""
    if not checks:
        return []
    # A raw table such as `lens_raw.events` has no checks.
    named = plain_names(_NAMED.findall(f"lens.{table} {sql}"))
    return [check for check in checks if check.failed_for(project_id) and check.tables & named]


def read_failed_checks(warehouse: Readable) -> tuple[FailedCheck, ...]:
    """Return the checks that fail now, by name. Raises what `Warehouse` raises."""
    rows = warehouse.rows(
        f"""
        SELECT check_name, severity, tables, projects, toUnixTimestamp64Milli(since) AS since_ms
        FROM {TABLE} FINAL WHERE is_failing = 1 ORDER BY check_name
        """
    )
    return tuple(
        FailedCheck(**{**row, "tables": frozenset(row["tables"]), "projects": frozenset(row["projects"])})
        for row in rows
    )
