"""The batches that the tables hold: they are marked at the end of a build, and `completeThrough` follows from them."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import date

import msgspec

from event_lens.clock import Clock, now_ms
from event_lens.contract.rows import timestamp
from event_lens.settings import Settings
from event_lens.warehouse.client import Warehouse
from orchestration.planning.days import reached
from orchestration.planning.plan import buildable, note_built_settings
from orchestration.planning.set_aside import take_back


def mark_built(
    warehouse: Warehouse,
    build_id: str,
    days: list[date] | None,
    settings: Settings,
    clock: Clock = now_ms,
    left_out: Collection[str] = (),
) -> int:
    """Mark the planned batches of `build_id` as built, now that its tables hold `days` (`None`: all days).

    A batch is built once all days on which its rows count were rebuilt, by this run or an earlier one. Of a batch that
    is not built yet, the rebuilt days are noted. Nothing is noted for the projects in `left_out`. Returns the number of
    batches that became built.
    """
    first, last = buildable(settings)
    built = set(days or [])
    earlier = _days_built_earlier(warehouse, build_id)
    batches: list[dict[str, object]] = []
    projects: dict[str, int] = {}
    parts: list[dict[str, object]] = []
    common = {"build_id": build_id, "built_at": timestamp(clock())}
    pending: list[tuple[str, str]] = []
    for row in warehouse.rows(
        "SELECT batch_id, project_id, settings_hash, days FROM lens_staging.planned_batches "
        "WHERE build_id = {build:String} AND NOT has({left_out:Array(String)}, project_id)",
        {"build": build_id, "left_out": list(left_out)},
    ):
        needed = set(reached(row["days"], first=first, last=last))
        unit = {"batch_id": row["batch_id"]}
        if days is not None and not needed <= built | earlier[row["batch_id"]]:
            parts.extend({**unit, "day": day, **common} for day in sorted(needed & built))
        elif row["project_id"] and not row["settings_hash"]:
            pending.append((row["project_id"], row["batch_id"]))
        elif row["project_id"]:
            projects[row["project_id"]] = row["settings_hash"]
        else:
            batches.append({**unit, **common})
    _insert(warehouse, "lens_staging.built_batch_days", parts, build_id)
    note_built_settings(warehouse, projects)
    # Before its batches count as built: a reader that finds them built also finds a new build, and reads the tables
    # again.
    finished = {"build_id": build_id, "finished_at": common["built_at"]}
    _insert(warehouse, "lens_staging.builds", [finished], build_id)
    _insert(warehouse, "lens_staging.built_batches", batches, build_id)
    for project, planned in pending:
        _forget_pending(warehouse, project, planned)
        take_back(warehouse, project, clock())
    if pending:
        # The state of these projects in answers changes after their numbers.
        _insert(warehouse, "lens_staging.builds", [finished], f"{build_id}-taken-back")
    return len(batches)


def _days_built_earlier(warehouse: Warehouse, build_id: str) -> dict[str, set[date]]:
    earlier: dict[str, set[date]] = defaultdict(set)
    for row in warehouse.rows(
        """
        SELECT batch_id, groupUniqArray(day) AS days
        FROM lens_staging.built_batch_days
        WHERE batch_id IN (SELECT batch_id FROM lens_staging.planned_batches WHERE build_id = {build:String})
        GROUP BY batch_id
        """,
        {"build": build_id},
    ):
        earlier[row["batch_id"]] = set(row["days"])
    return earlier


def _forget_pending(warehouse: Warehouse, project: str, planned: str) -> None:
    """Remove the project's pending days that were noted up to `planned`, because they are built now."""
    warehouse.command(
        "ALTER TABLE lens_staging.pending_days "
        "DELETE WHERE project_id = {project:String} AND toUnixTimestamp64Milli(noted_at) <= {until:Int64}",
        {"project": project, "until": int(planned.rpartition(" ")[2])},
        {"mutations_sync": 1},
    )


def _insert(warehouse: Warehouse, table: str, rows: Iterable[Mapping[str, object]], build_id: str) -> None:
    body = b"".join(msgspec.json.encode(row) + b"\n" for row in rows)
    if body:
        warehouse.insert_lines(table, body, token=f"{table}-{build_id}")
