"""Projects that builds leave out because a build failed for them (docs/decisions/0028-set-aside.md)."""

import re
from dataclasses import dataclass
from datetime import date

from event_lens.warehouse.readable import Readable

TABLE = "lens_staging.set_aside_projects"


@dataclass(frozen=True)
class SetAside:
    """Why a project is set aside: the model or test that failed for it, and its message. `settings_hash` (a hash of the
    project's settings and definitions) and `version` (of the program) describe the last try. Everything that landed
    before `complete_through_ms` is in the project's tables. `first_day` and `last_day` are of the days that
    wait since; both are None when they are not known.
    """

    project_id: str
    model: str
    reason: str
    settings_hash: int
    version: str
    tries: int
    build_id: str
    since_ms: int
    tried_at_ms: int
    complete_through_ms: int
    first_day: date | None = None
    last_day: date | None = None

    @property
    def summary(self) -> str:
        """Return the part of the reason that readers of the project may see: the whole reason can hold values of other
        projects.
        """
        codes = re.findall(r"\(([A-Z][A-Z0-9_]+)\)", self.reason)
        return f"{self.model} failed: {codes[-1]}" if codes else f"{self.model} failed"


def read_set_aside(warehouse: Readable) -> dict[str, SetAside]:
    """Return the projects that are set aside now, by id. Raises what `Warehouse` raises."""
    rows = warehouse.rows(
        f"""
        SELECT project_id, model, reason, settings_hash, version, tries, build_id,
            toUnixTimestamp64Milli(since) AS since_ms,
            toUnixTimestamp64Milli(tried_at) AS tried_at_ms,
            if(oldest = 0, since_ms, least(since_ms, oldest)) - 1 AS complete_through_ms,
            if(is_dated, toNullable(first), NULL) AS first_day,
            if(is_dated, toNullable(last), NULL) AS last_day
        FROM (SELECT * FROM {TABLE} FINAL WHERE is_set_aside = 1) AS aside
        LEFT JOIN (
            SELECT
                project_id,
                toUnixTimestamp64Milli(min(landed_at)) AS oldest,
                groupUniqArrayArray(days) AS all_days,
                notEmpty(all_days) AS is_dated,
                arrayMin(all_days) AS first,
                arrayMax(all_days) AS last
            FROM lens_staging.pending_days
            GROUP BY project_id
        ) AS pending USING (project_id)
        ORDER BY project_id
        """,
        settings={"join_use_nulls": 0},
    )
    return {row["project_id"]: SetAside(**row) for row in rows}
