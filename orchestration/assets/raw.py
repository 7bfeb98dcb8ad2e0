"""The models' inputs: the raw tables that the collector fills, and the copy of the registry."""

from collections.abc import Iterator, Mapping
from datetime import timedelta

import dagster as dg

from event_lens.settings import Settings
from event_lens.warehouse.access import connect
from event_lens.warehouse.client import Warehouse
from orchestration.assets.apart import choice_of
from orchestration.assets.arrivals import arrival_metadata, read_arrivals
from orchestration.assets.partitions import note_first_day
from orchestration.assets.registry_sync import COPIED, copy_registry
from orchestration.assets.translator import OWNER
from orchestration.planning.plan import make_plan, plan_again, read_plan
from orchestration.run_tags import plan_of

GROUP = "raw"
LANDED = ("events", "profile_operations", "quarantine")
LATEST_AFTER = timedelta(hours=24)

# Settled batches are read for the last week only, so that the cost does not grow over the years.
_LANDED_LATELY = """
    SELECT table_name, landed_at FROM lens_raw.batches
    UNION ALL
    SELECT table_name, landed_at FROM lens_raw.settled_batches WHERE landed_at >= now() - INTERVAL 7 DAY
"""
LANDED_LAST = f"""
    SELECT table_name, toUnixTimestamp64Milli(max(landed_at)) / 1000 AS seconds
    FROM ({_LANDED_LATELY})
    WHERE table_name IN {{tables:Array(String)}}
    GROUP BY table_name
"""
QUIET_SECONDS = f"""
    SELECT if(count() = 0, NULL, dateDiff('second', max(landed_at), now64(3, 'UTC')))
    FROM ({_LANDED_LATELY})
    WHERE table_name = 'lens_raw.events'
"""


def raw_key(table: str) -> dg.AssetKey:
    return dg.AssetKey(["lens_raw", table])


def raw_assets(settings: Settings) -> list[dg.AssetSpec | dg.AssetsDefinition]:
    """Return the landed tables, observed at every build, and the asset that starts a build: it copies the registry
    and makes the plan.
    """
    landed = [
        dg.AssetSpec(
            raw_key(table),
            group_name=GROUP,
            description=f"Rows of lens_raw.{table} as they came: landed by the collector and by imports.",
            kinds={"clickhouse"},
            owners=[OWNER],
        )
        for table in (*LANDED, "batches")
    ]

    @dg.multi_asset(
        name="registry_copy",
        specs=[
            dg.AssetSpec(
                raw_key(table),
                group_name=GROUP,
                description=f"Rows of lens_raw.{table}: copied from the registry when a build starts.",
                kinds={"clickhouse"},
                owners=[OWNER],
            )
            for table in COPIED
        ],
    )
    def registry_copy(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None] | dg.AssetObservation]:
        with connect(settings, "builder") as warehouse:
            plan_id = plan_of(context.run)
            if plan_id == context.run_id:
                copy_registry(settings, warehouse)
                _plan(warehouse, plan_id, context.run.tags)
            plan = read_plan(warehouse, plan_id, settings)
            row_counts = {
                f"lens_raw.{table}": warehouse.value(f"SELECT count() FROM lens_raw.{table}") for table in LANDED
            }
            copied = {table: warehouse.value(f"SELECT count() FROM lens_raw.{table} FINAL") for table in COPIED}
            if row_counts["lens_raw.events"]:
                note_first_day(settings, warehouse.value("SELECT min(day) FROM lens_raw.events"))
            landed = warehouse.rows(LANDED_LAST, {"tables": list(row_counts)})
            arrived = arrival_metadata(read_arrivals(warehouse))
        context.log.info("%d unbuilt batches touch %d days", plan.batch_count, len(plan.days))
        for row in landed:
            yield dg.AssetObservation(
                dg.AssetKey(row["table_name"].split(".")),
                metadata={
                    "rows": row_counts[row["table_name"]],
                    "landed_at": dg.MetadataValue.timestamp(row["seconds"]),
                    **arrived[row["table_name"]],
                },
            )
        for table, row_count in copied.items():
            yield dg.MaterializeResult(asset_key=raw_key(table), metadata={"rows": row_count})

    return [*landed, registry_copy]


def _plan(warehouse: Warehouse, plan_id: str, tags: Mapping[str, str]) -> None:
    choice = choice_of(warehouse, tags, plan_id)
    if choice.is_but:
        make_plan(warehouse, plan_id, choice.projects)
    for project in () if choice.is_but else choice.projects:
        plan_again(warehouse, plan_id, project)


def raw_freshness(settings: Settings) -> dg.AssetChecksDefinition:
    """Return a check that an event landed within 24 hours, so that the data team notices when a collector sends
    nothing.
    """

    @dg.asset_check(
        asset=raw_key("events"), name="events_landed_in_the_last_day", description="Events landed within 24 hours."
    )
    def events_landed_in_the_last_day() -> dg.AssetCheckResult:
        with connect(settings, "builder") as warehouse:
            quiet_seconds = warehouse.value(QUIET_SECONDS)
        return dg.AssetCheckResult(
            passed=quiet_seconds is not None and quiet_seconds <= LATEST_AFTER.total_seconds(),
            severity=dg.AssetCheckSeverity.WARN,
            metadata={"seconds_since_the_last_batch": quiet_seconds},
        )

    return events_landed_in_the_last_day
