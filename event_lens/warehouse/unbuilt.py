"""Landed rows that are in no table yet: the batches that wait for a build, and the raw rows that they concern."""

from collections.abc import Sequence

BATCHES = (
    "SELECT batch_id FROM lens_raw.batches WHERE batch_id NOT IN (SELECT batch_id FROM lens_staging.built_batches)"
)

# A copy of a message that lands now can take the place of one that was counted on another day, so all its copies are
# concerned. Copies are 7 days apart at most (docs/glossary.md, "duplicate").
_RECORDS = """
    WITH
        unbuilt AS (
            SELECT batch_id, first_received_at, last_received_at
            FROM lens_raw.batches
            WHERE batch_id NOT IN (SELECT batch_id FROM lens_staging.built_batches)
        ),
        (SELECT min(first_received_at) - INTERVAL 7 DAY FROM unbuilt) AS received_from,
        (SELECT max(last_received_at) + INTERVAL 7 DAY FROM unbuilt) AS received_to,
        landed AS (
            SELECT project_id, event_id, message_id, batch_id, {columns}
            FROM {table}
            WHERE {of_project}received_at BETWEEN received_from AND received_to
              AND batch_id IN (SELECT batch_id FROM unbuilt)
        ),
        copies AS (
            SELECT stored.project_id AS project_id, landed.batch_id AS batch_id, {of_stored}
            FROM {table} AS stored
            INNER JOIN (SELECT project_id, event_id, batch_id FROM landed WHERE message_id != '') AS landed
                ON stored.event_id = landed.event_id AND stored.project_id = landed.project_id
            WHERE {of_stored_project}stored.received_at BETWEEN received_from AND received_to
              AND stored.event_id IN (SELECT event_id FROM landed WHERE message_id != '')
        )
    SELECT project_id, batch_id, {columns} FROM landed
    UNION ALL
    SELECT project_id, batch_id, {columns} FROM copies
"""


def concerned_rows(table: str, columns: Sequence[str], of_project: str = "") -> str:
    """Return SQL for `columns` of the raw `table`'s rows in waiting batches, and of all copies of their messages.
    `batch_id` is the id of the waiting batch. `of_project` is the SQL of a project's id, to read only that project's
    rows.
    """
    return _RECORDS.format(
        table=table,
        columns=", ".join(columns),
        of_stored=", ".join(f"stored.{column} AS {column}" for column in columns),
        of_project=f"project_id = {of_project} AND " if of_project else "",
        of_stored_project=f"stored.project_id = {of_project} AND " if of_project else "",
    )
