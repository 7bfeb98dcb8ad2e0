"""The rows of the contract have the columns of the raw tables, and their times are read as they were meant."""

import msgspec
import pytest

from event_lens.contract.rows import TABLES, BatchRow, timestamp
from event_lens.warehouse.client import Warehouse

# Columns that the table, the spool and the writer add.
ADDED = {"day", "batch_id", "batch_row", "landed_at"}


@pytest.mark.parametrize(("row", "table"), [*TABLES.items(), (BatchRow, "lens_raw.batches")])
def test_a_rows_fields_are_the_columns_of_its_table(
    warehouse: Warehouse, row: type[msgspec.Struct], table: str
) -> None:
    columns = warehouse.rows(
        "SELECT name FROM system.columns WHERE concat(database, '.', table) = {table:String} ORDER BY position",
        {"table": table},
    )
    assert {column["name"] for column in columns} - ADDED == set(row.__struct_fields__) - ADDED


@pytest.mark.parametrize("epoch_ms", [0, 1, 86_400_000, 999_999_999_999, 1_000_000_000_000, 1_795_000_000_123])
def test_a_timestamp_is_read_back_to_the_millisecond(warehouse: Warehouse, epoch_ms: int) -> None:
    read = warehouse.value(
        "SELECT toUnixTimestamp64Milli(at) FROM format(JSONEachRow, 'at DateTime64(3, ''UTC'')', {line:String})",
        {"line": f'{{"at":"{timestamp(epoch_ms)}"}}'},
    )
    assert read == epoch_ms
