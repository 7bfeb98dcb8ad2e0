"""The plan of a build: which landed batches it takes in, and which days those touch.

The plan of a run lies in `lens_staging.planned_batches` under the run's id, so that every step of the run reads the
same one and a run that dies leaves nothing to undo: its batches are still unbuilt.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from event_lens.registry.project_settings import Changes
from event_lens.registry.tables import PROJECT_SETTINGS
from event_lens.settings import Settings
from event_lens.warehouse.client import Warehouse
from orchestration.planning.days import reached

NUMBERS_FOLLOW = ", ".join(
    f"arraySort({setting.name})" if setting.is_list else setting.name
    for setting in PROJECT_SETTINGS.values()
    if setting.changes is Changes.ALL_DAYS
)

# A project's settings and its definitions: when one of them differs from what was built, all its days are touched.
SETTINGS = f"""
    WITH cityHash64({NUMBERS_FOLLOW}, definitions) AS meaning
    SELECT
        project_id,
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

# A copy of a message that lands now can take the place of one that was counted on another day, so the days of all its
# copies are touched. Copies are 7 days apart at most (DESIGN, "duplicate").
RECORDS = """
    WITH
        unbuilt AS (
            SELECT batch_id, first_received_at, last_received_at
            FROM lens_raw.batches
            WHERE batch_id NOT IN (SELECT batch_id FROM lens_staging.built_batches)
        ),
        (SELECT min(first_received_at) - INTERVAL 7 DAY FROM unbuilt) AS received_from,
        (SELECT max(last_received_at) + INTERVAL 7 DAY FROM unbuilt) AS received_to,
        landed AS (
            SELECT project_id, event_id, message_id, created_at, received_at, batch_id
            FROM {table}
            WHERE received_at BETWEEN received_from AND received_to
              AND batch_id IN (SELECT batch_id FROM unbuilt)
        ),
        copies AS (
            SELECT stored.project_id AS project_id, stored.created_at AS created_at,
                   stored.received_at AS received_at, landed.batch_id AS batch_id
            FROM {table} AS stored
            INNER JOIN (SELECT project_id, event_id, batch_id FROM landed WHERE message_id != '') AS landed
                ON stored.event_id = landed.event_id AND stored.project_id = landed.project_id
            WHERE stored.received_at BETWEEN received_from AND received_to
              AND stored.event_id IN (SELECT event_id FROM landed WHERE message_id != '')
        )
    SELECT project_id, created_at, received_at, batch_id FROM landed
    UNION ALL
    SELECT project_id, created_at, received_at, batch_id FROM copies
"""

TOUCHED = """
    INSERT INTO lens_staging.planned_batches
    SELECT
        {{build:String}}, batch_id, '', 0,
        groupUniqArrayIf(toDate(created_at + toIntervalSecond(offset_seconds)), is_event),
        groupUniqArray(toDate(received_at)),
        now64(3, 'UTC')
    FROM (
        SELECT record.*, zones.offset_seconds AS offset_seconds
        FROM (
            SELECT *, true AS is_event FROM ({events})
            UNION ALL
            SELECT *, true AS is_event FROM ({operations})
            UNION ALL
            SELECT project_id, received_at AS created_at, received_at, batch_id, false AS is_event
            FROM lens_raw.quarantine
            WHERE batch_id IN (
                SELECT batch_id FROM lens_raw.batches
                WHERE batch_id NOT IN (SELECT batch_id FROM lens_staging.built_batches)
            )
            UNION ALL
            SELECT project_id, created_at, received_at, batch_id, true AS is_event
            FROM lens_raw.changed_events
            WHERE batch_id IN (
                SELECT batch_id FROM lens_raw.batches
                WHERE batch_id NOT IN (SELECT batch_id FROM lens_staging.built_batches)
            )
        ) AS record
        ASOF LEFT JOIN (
            SELECT project_id, from_utc, offset_seconds
            FROM (SELECT project_id, timezone FROM lens_raw.project_settings FINAL) AS projects
            INNER JOIN (SELECT * FROM lens_raw.zone_offsets FINAL) AS offsets ON offsets.zone = projects.timezone
        ) AS zones ON record.project_id = zones.project_id AND record.created_at >= zones.from_utc
    )
    GROUP BY batch_id
"""

CHANGED_PROJECTS = f"""
    INSERT INTO lens_staging.planned_batches
    WITH changed AS (
        SELECT project_id, settings_hash
        FROM ({SETTINGS})
        WHERE (project_id, settings_hash) NOT IN (
            SELECT project_id, settings_hash FROM lens_staging.built_projects FINAL
        )
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


@dataclass(frozen=True)
class Plan:
    """What a build sets out to rebuild: local days of events (reach included) and UTC days of receipt."""

    days: list[date]
    receive_days: list[date]
    batch_count: int


def make_plan(warehouse: Warehouse, build_id: str) -> None:
    """Notes the batches and changed projects that are not built yet, and the days they touch, under `build_id`."""
    touched = TOUCHED.format(
        events=RECORDS.format(table="lens_raw.events"), operations=RECORDS.format(table="lens_raw.profile_operations")
    )
    warehouse.command(touched, {"build": build_id}, {"join_use_nulls": 0})
    warehouse.command(CHANGED_PROJECTS, {"build": build_id}, {"join_use_nulls": 0})


def has_unbuilt_batches(warehouse: Warehouse) -> bool:
    """Whether something has landed that no build took in."""
    return bool(
        warehouse.rows(
            "SELECT 1 FROM lens_raw.batches "
            "WHERE batch_id NOT IN (SELECT batch_id FROM lens_staging.built_batches) LIMIT 1"
        )
    )


def read_plan(warehouse: Warehouse, build_id: str, settings: Settings) -> Plan:
    """The plan that `make_plan` noted; days outside of what can be built are left out."""
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
    """The first and last day that can have rows: zones behind and ahead of UTC, a session begun the day before."""
    return settings.first_day - timedelta(days=2), datetime.now(UTC).date() + timedelta(days=1)
