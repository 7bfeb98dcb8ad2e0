"""`eventlens status`: a home's running parts, its waiting events, and the freshness of each project's numbers."""

from collections.abc import Mapping, Sequence

import msgspec

from cli.console import console, show_table
from cli.processes.record import read_record
from cli.up import addresses_of, dagster_parts_ready, own_parts_ready
from collector.spool.health import spool_health
from event_lens.clock import Clock, now_ms
from event_lens.errors import EventLensError
from event_lens.process_id import is_alive
from event_lens.registry.database import open_registry
from event_lens.registry.projects import list_projects
from event_lens.registry.tables import Project
from event_lens.settings import Settings
from event_lens.shards import all_shards
from event_lens.warehouse.access import connect
from event_lens.warehouse.client import Warehouse
from event_lens.warehouse.set_aside import SetAside, read_set_aside
from query.freshness import as_instant

# The projects with rows in a batch that no build has taken in.
WAITING = """
WITH waiting AS
(
    SELECT batch_id, landed_at, first_received_at, last_received_at
    FROM lens_raw.batches
    WHERE batch_id NOT IN (SELECT batch_id FROM lens_staging.built_batches)
)
SELECT project_id, count() AS waiting, toUnixTimestamp64Milli(min(landed_at)) AS oldest
FROM
(
    SELECT project_id, batch_id, received_at FROM lens_raw.events
    UNION ALL
    SELECT project_id, batch_id, received_at FROM lens_raw.profile_operations
) AS received
INNER JOIN waiting USING batch_id
WHERE received_at BETWEEN (SELECT min(first_received_at) FROM waiting) AND (SELECT max(last_received_at) FROM waiting)
GROUP BY project_id
"""
LAST_BUILD = "SELECT toUnixTimestamp64Milli(max(finished_at)) FROM lens_staging.builds"


class PartStatus(msgspec.Struct, rename="camel"):
    """A part's state. `pid` is the process id if `up` runs the part; a part that `up` does not run may answer, too."""

    name: str
    address: str
    is_answering: bool
    pid: int | None


class ProjectFreshness(msgspec.Struct, rename="camel"):
    """The time through which the tables hold a project's landed events, and the number of rows that no build has taken
    in yet. `set_aside` says why builds leave the project out, or is empty.
    """

    project_id: str
    shard: int
    complete_through: str | None
    waiting_rows: int
    set_aside: str | None = None


class Status(msgspec.Struct, rename="camel"):
    """`problems` are the parts that could not be asked, each with the error."""

    home: str
    up: int | None
    parts: list[PartStatus]
    spool: dict[str, int | float]
    last_build: str | None
    freshness: list[ProjectFreshness]
    problems: list[str]


def read_status(settings: Settings, clock: Clock = now_ms) -> Status:
    """Ask every part; blocks for seconds if a part does not answer."""
    record = read_record(settings.home)
    up = record.up.pid if record and is_alive(record.up) else None
    pids = {name: part.pid for name, part in record.parts.items() if is_alive(part)} if record else {}
    status = Status(str(settings.home), up, _parts(settings, pids), {}, None, [], [])
    try:
        status.spool = spool_health(settings.home / "spool", clock)
        projects = _projects(settings)
    except EventLensError as error:
        status.problems.append(error.message)
        return status
    built = []
    for shard in all_shards(settings):
        own = [project.project_id for project in projects if project.shard == shard]
        try:
            with connect(settings, "query", query_timeout_seconds=10, shard=shard) as warehouse:
                built_at, freshness = _freshness(warehouse, shard, own, clock)
        except EventLensError as error:
            status.problems.append(error.message)
            continue
        built.append(built_at)
        status.freshness += freshness
    status.last_build = as_instant(max(built)) if any(built) else None
    return status


def print_status(status: Status) -> None:
    console.print_json(msgspec.json.encode(status).decode())


def show_status(status: Status) -> None:
    show_table(
        f"Event Lens over {status.home}" + ("" if status.up else ": `eventlens up` does not run"),
        ("part", "address", "answers", "process"),
        [(part.name, part.address, part.is_answering, str(part.pid or "-")) for part in status.parts],
    )
    if status.spool:
        console.print("Spool: {pendingEvents} rows wait, {pendingBytes} bytes.".format(**status.spool))
    console.print(f"Last build: {status.last_build or 'none'}.")
    if status.freshness:
        show_table(
            "Freshness",
            ("project", "shard", "complete through", "rows not built"),
            [
                (project.project_id, project.shard, project.complete_through, project.waiting_rows)
                for project in status.freshness
            ],
        )
    for project in status.freshness:
        if project.set_aside:
            console.print(f"Builds leave out {project.project_id}: {project.set_aside}", soft_wrap=True, markup=False)
    for problem in status.problems:
        console.print(problem, soft_wrap=True)


def _parts(settings: Settings, pids: Mapping[str, int]) -> list[PartStatus]:
    addresses = addresses_of(settings)
    shown = {"warehouse": "SQL", "query": "query API", "dagster": "Dagster"}
    return [
        PartStatus(name, addresses.get(shown.get(name, name), ""), is_ready(), pids.get(name))
        for name, is_ready in (own_parts_ready(settings) | dagster_parts_ready(settings)).items()
    ]


def _projects(settings: Settings) -> list[Project]:
    registry = open_registry(settings)
    try:
        return list_projects(registry)
    finally:
        registry.close()


def _freshness(
    warehouse: Warehouse, shard: int, projects: Sequence[str], clock: Clock
) -> tuple[int, list[ProjectFreshness]]:
    """Return when the shard's last build ended (ms, 0 without one), and how fresh its projects are."""
    # Read before the waiting batches: a batch that lands meanwhile is younger.
    now = clock()
    built_at = warehouse.value(LAST_BUILD)
    waiting = {row["project_id"]: row for row in warehouse.rows(WAITING)}
    aside = read_set_aside(warehouse)
    freshness = []
    for project in projects:
        row = waiting.get(project)
        through = (row["oldest"] - 1 if row else now) if built_at else None
        left_out = aside.get(project)
        if through is not None and left_out is not None:
            through = min(through, left_out.complete_through_ms)
        freshness.append(
            ProjectFreshness(
                project,
                shard,
                None if through is None else as_instant(through),
                row["waiting"] if row else 0,
                _told(left_out) if left_out else None,
            )
        )
    return built_at, freshness


def _told(aside: SetAside) -> str:
    tries = "once" if aside.tries == 1 else f"{aside.tries} times"
    return f"tried {tries} since {as_instant(aside.since_ms)}, {aside.model} failed. {aside.reason}"
