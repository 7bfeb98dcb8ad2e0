"""The check that fails while a project is set aside; it shows the reason and the remedy."""

import dagster as dg

from event_lens.contract.rows import timestamp
from event_lens.settings import Settings
from event_lens.warehouse.access import connect
from event_lens.warehouse.set_aside import SetAside, read_set_aside
from orchestration.assets.completion import BUILT_BATCHES

COLUMNS = ("project", "failed", "since", "tries", "reason")
WHAT_TO_DO = (
    "Read the reason, mend the project's definition, its settings or the model, and run `eventlens build`. "
    "The project is tried again by itself, later after each failure, and within a minute or so when it changes."
)


def every_project_is_built(settings: Settings) -> dg.AssetChecksDefinition:
    """Return a check of `built_batches` that fails while a project is set aside."""

    @dg.asset_check(asset=BUILT_BATCHES, name="every_project_is_built", description="No project is set aside.")
    def every_project_is_built() -> dg.AssetCheckResult:
        with connect(settings, "builder") as warehouse:
            aside = read_set_aside(warehouse).values()
        return dg.AssetCheckResult(
            passed=not aside,
            severity=dg.AssetCheckSeverity.ERROR,
            metadata={"projects": len(aside)}
            | ({"set_aside": _table(*aside), "what_to_do": WHAT_TO_DO} if aside else {}),
        )

    return every_project_is_built


def _table(*aside: SetAside) -> dg.TableMetadataValue:
    rows = [(one.project_id, one.model, timestamp(one.since_ms), one.tries, one.reason) for one in aside]
    return dg.MetadataValue.table(
        [dg.TableRecord(dict(zip(COLUMNS, row, strict=True))) for row in rows],
        dg.TableSchema(columns=[dg.TableColumn(name) for name in COLUMNS]),
    )
