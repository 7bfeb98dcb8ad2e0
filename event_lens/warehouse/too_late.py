"""Rows that land for a closed day are refused, and counted as `too_late`."""

from datetime import date

from event_lens.warehouse.client import Warehouse
from event_lens.warehouse.local_day import JOIN_ZONES, LOCAL_DAY
from event_lens.warehouse.retention import RAW
from event_lens.warehouse.unbuilt import BATCHES


def has_unbuilt_before(warehouse: Warehouse, edge: date) -> bool:
    """Return whether landed rows for days before `edge` wait for a build."""
    found = warehouse.value(
        f"SELECT count() FROM lens_raw.batches WHERE batch_id IN ({BATCHES}) AND first_event_at < {{edge:Date}}",
        {"edge": edge},
    )
    return bool(found)


def refuse_too_late(warehouse: Warehouse) -> int:
    """Move unbuilt rows of closed days into quarantine, as `too_late`; return the number of rows. The rows keep their
    batch, so the ledger counts them and the batch counts as built. Their bodies are not kept.
    """
    if not warehouse.value("SELECT count() FROM lens_raw.closed_days"):
        return 0
    moved = 0
    for table in RAW:
        late = _LATE.format(table=table)
        count = warehouse.value(f"SELECT count() FROM ({late})")
        if not count:
            continue
        warehouse.command(
            f"""
            INSERT INTO lens_raw.quarantine (
                project_id, received_at, code, message, sdk_name, sdk_version, import_id, batch_id, batch_row
            )
            SELECT project_id, received_at, 'too_late', 'Its day is closed: what it is made of is no longer kept.',
                sdk_name, sdk_version, import_id, batch_id, batch_row
            FROM ({late})
            WHERE (batch_id, batch_row) NOT IN (
                SELECT batch_id, batch_row FROM lens_raw.quarantine WHERE code = 'too_late'
            )
            """,
            settings={"async_insert": 0},
        )
        warehouse.command(
            f"""
            ALTER TABLE {table} DELETE WHERE (batch_id, batch_row) IN (
                SELECT batch_id, batch_row FROM lens_raw.quarantine
                WHERE code = 'too_late' AND batch_id IN ({BATCHES})
            )
            """,
            settings={"mutations_sync": 2, "allow_nondeterministic_mutations": 1},
        )
        moved += count
    return moved


_LATE = f"""
    SELECT
        record.project_id AS project_id, record.batch_id AS batch_id, record.batch_row AS batch_row,
        record.received_at AS received_at, record.sdk_name AS sdk_name, record.sdk_version AS sdk_version,
        record.import_id AS import_id
    FROM (
        SELECT project_id, batch_id, batch_row, created_at, received_at, sdk_name, sdk_version, import_id
        FROM {{table}}
        WHERE batch_id IN ({BATCHES}) AND project_id IN (SELECT project_id FROM lens_raw.closed_days)
    ) AS record
    {JOIN_ZONES}
    INNER JOIN (SELECT project_id, closed_before FROM lens_raw.closed_days FINAL) AS closed
        ON record.project_id = closed.project_id
    WHERE {LOCAL_DAY} < closed.closed_before
"""
