"""Sets projects aside, decides when they are tried again, and takes them back. The rows of a project that is set aside
stay in the tables unchanged. Batches count as built without the project; the days that they touch are kept for it in
`lens_staging.pending_days`.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import msgspec

from event_lens.contract.rows import timestamp
from event_lens.warehouse.client import Warehouse
from event_lens.warehouse.set_aside import TABLE, SetAside, read_set_aside

# The waits after the first failed try, after the second, and so on; the last wait is used from then on.
DELAYS_SECONDS = (60, 300, 900, 3600, 14_400, 86_400)
MAX_REASON_LENGTH = 2000


@dataclass(frozen=True)
class Failure:
    """The model or test that failed in a build, dbt's message, and the version of the program."""

    model: str
    reason: str
    build_id: str
    version: str


def set_aside(
    warehouse: Warehouse, projects: Iterable[str], failure: Failure, hashes: Mapping[str, int], now_ms: int
) -> None:
    """Set `projects` aside, or note another failure of those that already are. `hashes` are the hashes of their current
    settings.
    """
    before = read_set_aside(warehouse)
    for project in projects:
        known = before.get(project)
        row = {
            "project_id": project,
            "is_set_aside": 1,
            "model": failure.model,
            "reason": failure.reason[:MAX_REASON_LENGTH],
            "settings_hash": hashes.get(project, 0),
            "version": failure.version,
            "tries": known.tries + 1 if known else 1,
            "build_id": failure.build_id,
            "since": timestamp(known.since_ms if known else now_ms),
            "tried_at": timestamp(now_ms),
        }
        _write(warehouse, row, now_ms)


def take_back(warehouse: Warehouse, project: str, now_ms: int) -> None:
    """Take `project` back: from now on it is not set aside."""
    _write(warehouse, {"project_id": project, "is_set_aside": 0}, now_ms)


def find_due(aside: Collection[SetAside], hashes: Mapping[str, int], version: str, now_ms: int) -> list[str]:
    """Return the projects to try again now; the project whose last try is longest ago comes first.

    If a project's settings or definitions, or the program, have changed since that try, it waits only as long as after
    its first try.
    """
    due = []
    for one in sorted(aside, key=lambda each: each.tried_at_ms):
        is_changed = (hashes.get(one.project_id, one.settings_hash), version) != (one.settings_hash, one.version)
        delay = DELAYS_SECONDS[0 if is_changed else min(one.tries, len(DELAYS_SECONDS)) - 1]
        if now_ms - one.tried_at_ms >= delay * 1000:
            due.append(one.project_id)
    return due


def _write(warehouse: Warehouse, row: dict[str, object], now_ms: int) -> None:
    noted = row | {"noted_at": timestamp(now_ms)}
    warehouse.insert_lines(TABLE, msgspec.json.encode(noted) + b"\n", token=f"{row['project_id']}-{now_ms}-{len(row)}")
