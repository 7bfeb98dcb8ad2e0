"""What the tables are for readers who ask with what is not built as well, and what a build makes of it."""

from collections.abc import Iterable

from event_lens.warehouse.client import Warehouse
from query.statement import Statement
from query.tail import read_tail

TABLES = ("events", "sessions")
# Owners are those of the last build.
ROWS = """
SELECT arraySort(groupArray(formatRowNoNewline('JSONEachRow', * EXCEPT (profile_id, is_identified)))) AS found
FROM lens.{table} WHERE project_id = {{project:String}}
"""


def count_rows(warehouse: Warehouse, project_ids: Iterable[str], *, is_live: bool) -> dict[tuple[str, str], list[str]]:
    """The rows of `events` and `sessions` of each project, with what waits of it when `is_live`."""
    counted = {}
    for project_id in project_ids:
        tail = read_tail(lambda asked: warehouse.rows(asked.sql, asked.parameters), project_id) if is_live else None
        for table in TABLES:
            statement = Statement(ROWS.format(table=table), {"project": project_id})
            statement = tail.over(statement) if tail else statement
            (row,) = warehouse.rows(statement.sql, statement.parameters)
            counted[project_id, table] = row["found"]
    return counted
