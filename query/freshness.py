"""How fresh are the tables? Which landed batches they hold, and since when."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from event_lens.warehouse.connection import Warehouse

SQL = """
SELECT
    greatest(
        (SELECT toUnixTimestamp64Milli(max(built_at)) FROM lens_staging.built_batches),
        (SELECT toUnixTimestamp64Milli(max(finished_at)) FROM lens_staging.builds)
    ) AS built_at,
    count() AS waiting,
    toUnixTimestamp64Milli(min(landed_at)) AS oldest_waiting
FROM lens_raw.batches
WHERE batch_id NOT IN (SELECT batch_id FROM lens_staging.built_batches)
"""


@dataclass(frozen=True)
class Freshness:
    """`complete_through`: the instant (ms) up to which all that landed is in the tables; None before the first build.

    `version` changes when a build has finished; None before the first.
    """

    complete_through: int | None
    version: int | None


def read_freshness(warehouse: Warehouse, now_ms: int) -> Freshness:
    """The freshness of all tables of `lens` together. Raises what `Warehouse` raises."""
    row = warehouse.rows(SQL)[0]
    if not row["built_at"]:
        return Freshness(None, None)
    return Freshness(row["oldest_waiting"] - 1 if row["waiting"] else now_ms, row["built_at"])


def as_instant(epoch_ms: int) -> str:
    """ISO 8601 in UTC with milliseconds."""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=epoch_ms)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
