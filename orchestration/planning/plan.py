"""The plan of a build: the landed batches that it takes in, and the days that these batches touch.

The plan of a run is in `lens_staging.planned_batches` under the run's id, so that every step of the run reads the same
plan. A run that dies leaves nothing to undo: its batches are still unbuilt.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from event_lens.registry.consequences import NUMBERS_FOLLOW
from event_lens.registry.tables import PROJECT_SETTINGS
from event_lens.settings import Settings
from event_lens.warehouse.client import Warehouse
from event_lens.warehouse.local_day import JOIN_ZONES, LOCAL_DAY
from event_lens.warehouse.too_late import refuse_too_late
from event_lens.warehouse.unbuilt import BATCHES, concerned_rows
from orchestration.planning.days import reached

_MEANING = ", ".join(f"arraySort({name})" if PROJECT_SETTINGS[name].is_list else name for name in NUMBERS_FOLLOW)
_JOINS = {"join_use_nulls": 0}

# A project's settings and its definitions: when one of them differs from the last build, all days of the project are
# touched.
SETTINGS = f"""
    WITH cityHash64({_MEANING}, definitions) AS meaning
    SELECT
        project_id,
        {", ".join(NUMBERS_FOLLOW)},
        -- While no rebuild was asked for, it is the hash of builds from before one could be.
        if(rebuild_count = 0, meaning, cityHash64(meaning, rebuild_count)) AS settings_hash
    FROM (SELECT * FROM lens_raw.project_settings FINAL) AS projects
    LEFT JOIN (
        SELECT project_id, arraySort(groupArray(definition)) AS definitions
        FROM (
            SELECT project_id, cityHash64(
                funnel_id, step_names, step_filters, window_seconds, counted_by, step_order, breakdown
            ) AS definition
            FROM lens_raw.funnel_definitions FINAL
            UNION ALL
            SELECT project_id, cityHash64(retention_id, start_event, return_event) AS definition
            FROM lens_raw.retention_definitions FINAL
            UNION ALL
            SELECT project_id, cityHash64(cohort_id, name, criteria, match) AS definition
            FROM lens_raw.cohort_definitions FINAL
            UNION ALL
            SELECT project_id, cityHash64(goal_id, event_name, filters) AS definition
            FROM lens_raw.goal_definitions FINAL
        )
        GROUP BY project_id
    ) AS defined USING (project_id)
"""

_EVENTS, _OPERATIONS = (
    concerned_rows(f"lens_raw.{name}", ("created_at", "received_at")) for name in ("events", "profile_operations")
)

# All unbuilt rows, with the local day on which they count.
_TOUCHING = f"""
    SELECT
        record.project_id AS project_id,
        record.batch_id AS batch_id,
        record.is_event AS is_event,
        {LOCAL_DAY} AS local_day,
        toDate(record.received_at) AS receive_day
    FROM (
        SELECT *, true AS is_event FROM ({_EVENTS})
        UNION ALL
        SELECT *, true AS is_event FROM ({_OPERATIONS})
        UNION ALL
        SELECT project_id, batch_id, received_at AS created_at, received_at, false AS is_event
        FROM lens_raw.quarantine
        WHERE batch_id IN ({BATCHES})
        UNION ALL
        SELECT project_id, batch_id, created_at, received_at, true AS is_event
        FROM lens_raw.changed_events
        WHERE batch_id IN ({BATCHES})
    ) AS record
    {JOIN_ZONES}
"""

# A batch that has rows of left-out projects and no others touches no day, and counts as built.
TOUCHED = f"""
    INSERT INTO lens_staging.planned_batches
    SELECT
        {{build:String}}, batch_id, '', 0,
        groupUniqArrayIf(local_day, is_event AND NOT has({{left_out:Array(String)}}, project_id)),
        groupUniqArrayIf(receive_day, NOT has({{left_out:Array(String)}}, project_id)),
        now64(3, 'UTC')
    FROM ({_TOUCHING})
    GROUP BY batch_id
"""

# Unbuilt rows of the projects that are left out.
LEFT_OUT = f"""
    INSERT INTO lens_staging.pending_days
    SELECT
        project_id, groupUniqArrayIf(local_day, is_event), groupUniqArray(receive_day),
        (SELECT min(landed_at) FROM lens_raw.batches WHERE batch_id IN ({BATCHES})), now64(3, 'UTC')
    FROM ({_TOUCHING})
    WHERE has({{left_out:Array(String)}}, project_id)
    GROUP BY project_id
"""

# All rows ever sent by the projects that are left out.
_ALL_DAYS = """
    INSERT INTO lens_staging.pending_days
    SELECT
        project_id,
        groupUniqArrayIf(day, is_sent),
        groupUniqArrayIf(receive_day, is_sent),
        now64(3, 'UTC'),
        now64(3, 'UTC')
    FROM (
        SELECT
            arrayJoin({left_out:Array(String)}) AS project_id,
            toDate(0) AS day,
            toDate(0) AS receive_day,
            false AS is_sent
        UNION ALL
        SELECT DISTINCT project_id, day, toDate(received_at), true
        FROM lens_raw.events WHERE {is_whole:Bool} AND has({left_out:Array(String)}, project_id)
        UNION ALL
        SELECT DISTINCT project_id, day, toDate(received_at), true
        FROM lens_raw.profile_operations WHERE {is_whole:Bool} AND has({left_out:Array(String)}, project_id)
    )
    GROUP BY project_id
"""

# The days that were noted before now; days noted later stay pending.
PENDING = """
    INSERT INTO lens_staging.planned_batches
    SELECT
        {build:String},
        concat('pending of ', project_id, ' until ', toString(toUnixTimestamp64Milli(max(noted_at)))),
        project_id,
        0,
        groupUniqArrayArray(days),
        groupUniqArrayArray(receive_days),
        now64(3, 'UTC')
    FROM lens_staging.pending_days
    WHERE has({chosen:Array(String)}, project_id) = {is_only:Bool}
    GROUP BY project_id
"""

CHANGED_PROJECTS = f"""
    INSERT INTO lens_staging.planned_batches
    WITH changed AS (
        SELECT project_id, settings_hash
        FROM ({SETTINGS})
        WHERE (project_id, settings_hash) NOT IN (
            SELECT project_id, settings_hash FROM lens_staging.built_projects FINAL
        )
        AND has({{chosen:Array(String)}}, project_id) = {{is_only:Bool}}
    )
    SELECT
        {{build:String}},
        concat('settings of ', changed.project_id, ', ', toString(changed.settings_hash)),
        changed.project_id,
        changed.settings_hash,
        groupUniqArrayIf(raw.day, raw.day != toDate(0)),
        groupUniqArrayIf(raw.receive_day, raw.day != toDate(0)),
        now64(3, 'UTC')
    FROM changed
    LEFT JOIN (
        SELECT DISTINCT project_id, day, toDate(received_at) AS receive_day
        FROM lens_raw.events
        WHERE project_id IN (SELECT project_id FROM changed)
        UNION ALL
        SELECT DISTINCT project_id, day, toDate(received_at) AS receive_day
        FROM lens_raw.profile_operations
        WHERE project_id IN (SELECT project_id FROM changed)
    ) AS raw ON raw.project_id = changed.project_id
    GROUP BY changed.project_id, changed.settings_hash
"""


# The changed projects of a plan whose days are to be built.
_CHANGED_NOW = """
    SELECT project_id FROM lens_staging.planned_batches
    WHERE build_id = {build:String} AND settings_hash != 0 AND notEmpty(days)
"""

_NAMES = ", ".join(NUMBERS_FOLLOW)

# Later than every row before, whatever the clocks say.
_LATER = "greatest(now64(3, 'UTC'), {built_at} + toIntervalMillisecond(1))"

# From now on tables can have numbers of the new settings. No settings have this hash, so a build has to finish, even if
# the old settings are set again.
_BEGUN = f"""
    INSERT INTO lens_staging.built_projects (project_id, settings_hash, built_at, {_NAMES})
    SELECT project_id, 0, {_LATER.format(built_at="built_at")}, {_NAMES}
    FROM (SELECT * FROM lens_staging.built_projects FINAL)
    WHERE settings_hash != 0 AND project_id IN ({_CHANGED_NOW})
"""

# Days that were built with other settings in between are not days of these settings any more.
_OTHERS = f"""
    startsWith(batch_id, 'settings of ')
    AND has(
        (SELECT groupArray(concat('settings of ', project_id)) FROM ({_CHANGED_NOW})), splitByString(', ', batch_id)[1]
    )
    AND NOT has(
        (SELECT groupArray(batch_id) FROM lens_staging.planned_batches WHERE build_id = {{build:String}}), batch_id
    )
"""

# The settings of finished projects: those of the copy, unless it is newer than the build and has another hash.
_FINISHED = f"""
    INSERT INTO lens_staging.built_projects (project_id, settings_hash, built_at, {_NAMES})
    SELECT built.project_id, built.settings_hash, {_LATER.format(built_at="known.built_at")}, {_NAMES}
    FROM (
        SELECT finished.1 AS project_id, finished.2 AS settings_hash
        FROM (SELECT arrayJoin(arrayZip({{projects:Array(String)}}, {{hashes:Array(UInt64)}})) AS finished)
    ) AS built
    LEFT JOIN ({SETTINGS}) AS copied
        ON built.project_id = copied.project_id AND built.settings_hash = copied.settings_hash
    LEFT JOIN (SELECT project_id, built_at FROM lens_staging.built_projects FINAL) AS known
        ON built.project_id = known.project_id
"""

# Projects that were last built before their settings were noted.
_NOTE_SETTINGS = f"""
    INSERT INTO lens_staging.built_projects (project_id, settings_hash, built_at, {_NAMES})
    SELECT copied.project_id, copied.settings_hash, {_LATER.format(built_at="known.built_at")}, {_NAMES}
    FROM ({SETTINGS}) AS copied
    INNER JOIN (
        SELECT project_id, settings_hash, built_at FROM lens_staging.built_projects FINAL WHERE timezone = ''
    ) AS known ON copied.project_id = known.project_id AND copied.settings_hash = known.settings_hash
"""


@dataclass(frozen=True)
class Plan:
    """The days that a build rebuilds: local days of events, with the days around them whose numbers can change, and UTC
    days of receipt.
    """

    days: list[date]
    receive_days: list[date]
    batch_count: int


def make_plan(warehouse: Warehouse, build_id: str, left_out: Collection[str] = ()) -> None:
    """Note under `build_id` the unbuilt batches, the changed projects, and the days that they touch.

    Projects in `left_out` are not planned: their days that the batches touch are kept until these projects are tried
    again. Rows that landed for closed days are refused first, since no build would count them.
    """
    refuse_too_late(warehouse)
    note_left_out(warehouse, left_out)
    _write(warehouse, TOUCHED, {"build": build_id, "left_out": list(left_out)})
    _plan_projects(warehouse, build_id, left_out, is_only=False)


def plan_again(warehouse: Warehouse, build_id: str, project: str) -> None:
    """Note under `build_id` the pending days of a project that was left out. The plan has no batches."""
    _plan_projects(warehouse, build_id, [project], is_only=True)


def note_left_out(warehouse: Warehouse, projects: Collection[str]) -> None:
    """Note the days of `projects` that unbuilt batches touch, before these batches count as built without the
    projects.
    """
    if projects:
        _write(warehouse, LEFT_OUT, {"left_out": list(projects)})


def note_failed(warehouse: Warehouse, projects: Collection[str], *, is_whole: bool) -> None:
    """Note that `projects` must be planned again. With `is_whole`, all days on which they have ever sent anything are
    planned.
    """
    note_left_out(warehouse, projects)
    _write(warehouse, _ALL_DAYS, {"left_out": list(projects), "is_whole": is_whole})


def note_built_settings(warehouse: Warehouse, finished: Mapping[str, int]) -> None:
    """Note for answers which settings the tables follow: for the `finished` projects, given with the hash of the
    settings with which they were planned, and for projects of which only the hash is noted.
    """
    if finished:
        _write(warehouse, _FINISHED, {"projects": list(finished), "hashes": list(finished.values())})
    _write(warehouse, _NOTE_SETTINGS, {})


def settings_hashes(warehouse: Warehouse) -> dict[str, int]:
    """Return a hash of each project's settings and definitions in the last copy of the registry, by project id."""
    rows = warehouse.rows(SETTINGS, settings=_JOINS)
    return {row["project_id"]: row["settings_hash"] for row in rows}


def _plan_projects(warehouse: Warehouse, build_id: str, chosen: Collection[str], *, is_only: bool) -> None:
    """Plan the changed and pending days of projects: with `is_only` of the `chosen` projects, otherwise of all projects
    except `chosen`.
    """
    for statement in (CHANGED_PROJECTS, PENDING):
        _write(warehouse, statement, {"build": build_id, "chosen": list(chosen), "is_only": is_only})
    _begin_changes(warehouse, build_id)


def _begin_changes(warehouse: Warehouse, build_id: str) -> None:
    """Note which projects' tables follow neither their old nor their new settings until a build of theirs ends."""
    plan = {"build": build_id}
    others = warehouse.rows(f"SELECT DISTINCT batch_id FROM lens_staging.built_batch_days WHERE {_OTHERS}", plan)
    if others:
        warehouse.command(
            "ALTER TABLE lens_staging.built_batch_days DELETE WHERE has({batches:Array(String)}, batch_id)",
            {"batches": [row["batch_id"] for row in others]},
            {"mutations_sync": 1},
        )
    begun = warehouse.rows(
        f"SELECT 1 FROM (SELECT * FROM lens_staging.built_projects FINAL) "
        f"WHERE settings_hash != 0 AND project_id IN ({_CHANGED_NOW}) LIMIT 1",
        plan,
    )
    if begun:
        _write(warehouse, _BEGUN, plan)
        # Answers about these projects say so from now on.
        _write(
            warehouse, "INSERT INTO lens_staging.builds SELECT concat({build:String}, '-begun'), now64(3, 'UTC')", plan
        )


def _write(warehouse: Warehouse, statement: str, parameters: Mapping[str, object]) -> None:
    warehouse.command(statement, parameters, _JOINS)


def has_unbuilt_batches(warehouse: Warehouse) -> bool:
    """Return whether a batch has landed that no build has taken in."""
    return bool(warehouse.rows(f"{BATCHES} LIMIT 1"))


def read_plan(warehouse: Warehouse, build_id: str, settings: Settings) -> Plan:
    """Return the plan noted under `build_id`. To its days are added the days around them whose numbers can change,
    between the first and the last day that can be built.
    """
    rows = warehouse.rows(
        """
        SELECT
            groupUniqArrayArray(days) AS days,
            groupUniqArrayArray(receive_days) AS receive_days,
            countIf(project_id = '') AS batch_count
        FROM lens_staging.planned_batches
        WHERE build_id = {build:String}
        """,
        {"build": build_id},
    )
    first, last = buildable(settings)
    # An equal body received just after midnight is a duplicate of one received just before.
    received = {day + timedelta(days=offset) for day in rows[0]["receive_days"] for offset in (0, 1)}
    receive_days = sorted(day for day in received if first <= day <= last)
    return Plan(
        # Batches of rejected events alone touch no day of the models; their ledger is built with the days of receipt.
        days=reached(rows[0]["days"], first=first, last=last) or receive_days,
        receive_days=receive_days,
        batch_count=rows[0]["batch_count"],
    )


def buildable(settings: Settings) -> tuple[date, date]:
    """Return the first and the last day that can have rows. There are margins for zones behind and ahead of UTC, and
    for sessions that began the day before.
    """
    return settings.first_day - timedelta(days=2), datetime.now(UTC).date() + timedelta(days=1)
