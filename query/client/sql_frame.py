"""The rows of a statement as a frame. Arrow holds instants as numbers and ids as bytes; here they get their own types
back.
"""

import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import polars

from event_lens.warehouse.client import Warehouse

INSTANT = re.compile(r"(?:Nullable\()?DateTime(?:\('([^']+)'\))?\)?")
IDS = ("UUID", "Nullable(UUID)")


def sql_frame(warehouse: Warehouse, statement: str, parameters: Mapping[str, Any]) -> polars.DataFrame:
    """Return the rows of a statement as a frame. Asks for the columns' types only when one of them may be an instant
    or an id. Blocks; raises what `Warehouse` raises.
    """
    frame = warehouse.frame(statement, parameters)
    doubtful = [name for name, kind in frame.schema.items() if kind in (polars.UInt32, polars.Binary)]
    if not doubtful:
        return frame
    described = warehouse.rows(f"DESCRIBE (\n{statement.rstrip().rstrip(';')}\n)", parameters)
    types = {row["name"]: row["type"] for row in described}
    return frame.with_columns(_typed(frame[name], types[name]) for name in doubtful)


def _typed(column: polars.Series, type: str) -> polars.Series:
    if instant := INSTANT.fullmatch(type):
        moments = (column.cast(polars.Int64) * 1000).cast(polars.Datetime("ms", "UTC"))
        return moments.dt.convert_time_zone(instant[1] or "UTC")
    if type in IDS:
        texts = [None if value is None else str(UUID(bytes=value)) for value in column]
        return polars.Series(column.name, texts, polars.String)
    return column
