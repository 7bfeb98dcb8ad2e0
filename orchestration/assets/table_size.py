"""The size of a table after a build, and the days that were built, for the table's page in Dagster."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import dagster as dg

from event_lens.warehouse.client import Warehouse

SIZE = """
SELECT sum(rows) AS rows, sum(bytes_on_disk) AS bytes, count() AS parts
FROM system.parts
WHERE active AND database = {database:String} AND table = {table:String}
"""


def with_size(
    context: dg.AssetExecutionContext, warehouse: Warehouse, days: Sequence[date] | None, built: dg.Output[Any]
) -> dg.Output[Any]:
    """Return `built` with the rows, bytes and parts of its table, and the days (None: all days) that the run built.

    Views have neither rows nor parts of their own.
    """
    database, table = context.asset_key_for_output(built.output_name).path
    (size,) = warehouse.rows(SIZE, {"database": database, "table": table})
    metadata: dict[str, Any] = {"days": "all"} if days is None else {"days": len(days)}
    if days:
        metadata |= {"first_day": days[0].isoformat(), "last_day": days[-1].isoformat()}
    if size["parts"]:
        metadata |= {"dagster/row_count": size["rows"], "bytes": size["bytes"], "parts": size["parts"]}
    return dg.Output(built.value, output_name=built.output_name, metadata={**built.metadata, **metadata})
