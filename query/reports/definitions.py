"""Answers about a definition (a goal, a funnel). An unknown id is refused, never answered with zero."""

from typing import Literal

from event_lens.errors import Refused
from query.errors import unknown
from query.statement import Bindings, Row

Kind = Literal["goal", "funnel", "cohort", "retention"]

# A definition without rows is still one row, so that it differs from an id that is not defined.
OF_DEFINED = """
SELECT * FROM
(
    SELECT 1 AS is_known, * EXCEPT (project_id, copied_at, is_removed)
    FROM lens_raw.{kind}_definitions FINAL
    WHERE project_id = {project} AND {kind}_id = {defined_id}
) AS definition
LEFT JOIN (SELECT 1 AS is_known, 1 AS is_answered, * FROM ({sql})) AS answered USING (is_known)
ORDER BY {order}
"""


def of_defined(kind: Kind, project_id: str, defined_id: str, sql: str, order: str, bindings: Bindings) -> str:
    """Join the rows of `sql` to the definition; read the result with `answered_rows`."""
    return OF_DEFINED.format(
        kind=kind,
        project=bindings.bind(project_id, "String"),
        defined_id=bindings.bind(defined_id, "String"),
        sql=sql,
        order=order,
    )


def answered_rows(kind: Kind, defined_id: str, rows: list[Row]) -> list[Row]:
    """Return the rows that answer, without the row of the definition itself. Raises `Unknown` (`goal_unknown` and the
    like) when the project has no such definition.
    """
    check_known(kind, defined_id, is_known=bool(rows))
    return [row for row in rows if row["is_answered"]]


def check_known(kind: Kind, defined_id: str, *, is_known: bool) -> None:
    """Check that the definition exists. Raises `Unknown` (`goal_unknown` and the like)."""
    if not is_known:
        raise unknown_definition(kind, defined_id)


def unknown_definition(kind: Kind, defined_id: str) -> Refused:
    """Return the refusal for a definition that does not exist (`goal_unknown` and the like)."""
    return unknown(
        kind,
        f"The project has no {kind} {defined_id[:80]!r} that a build has read. The question `{kind}s` lists "
        "the ids; what was defined since the last build can be asked after the next one.",
    )
