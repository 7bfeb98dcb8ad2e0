"""Which goals, funnels and retentions are defined? Those that the last build knew, with the ids for other questions."""

from collections.abc import Callable
from typing import Annotated, Literal

import msgspec

from query.parameters import Limit
from query.question import Data, Question, rows_as_they_are
from query.report import Asked, Report
from query.report_context import ProjectScope, read_limit
from query.shapes import Shape, StoredFilter
from query.statement import Bindings, Row

SQL = """
SELECT {kind}_id, name, {columns}
FROM lens_raw.{kind}_definitions FINAL
WHERE project_id = {project}
ORDER BY name, {kind}_id
LIMIT {limit}
"""


Kind = Literal["funnel", "goal", "retention"]


class ListParameters(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """How many definitions are listed."""

    limit: Limit = None


Shaped = Callable[[list[Row]], Data]


def definitions(kind: Kind, columns: str, shape: Shaped, subject: ProjectScope, limit: int) -> Question:
    """Ask for `columns` of the project's definitions of a kind, by name."""
    bindings = Bindings()
    project, most = bindings.bind(subject.project_id, "String"), bindings.bind(limit, "UInt32")
    sql = SQL.format(kind=kind, columns=columns, project=project, limit=most)
    return Question(f"{kind}_definitions", bindings.statement(sql), shape, subject.zone.key)


def _of(
    kind: Kind, columns: str, shape: Shaped = rows_as_they_are
) -> Callable[[ProjectScope, ListParameters, int], Asked]:
    def ask(subject: ProjectScope, parameters: ListParameters, _now_ms: int) -> Asked:
        return definitions(kind, columns, shape, subject, read_limit(parameters.limit)), None

    return ask


def _with_filters(rows: list[Row]) -> Data:
    """Return the goals with their filters, which the table holds as JSON."""
    return [row | {"filters": msgspec.json.decode(row["filters"])} for row in rows]


def _with_step_filters(rows: list[Row]) -> Data:
    """Return the funnels with the filters of their steps, which the table holds as texts of JSON."""
    return [row | {"step_filters": [msgspec.json.decode(text) for text in row["step_filters"]]} for row in rows]


class ListedGoal(Shape):
    """A defined goal: events of this name convert, if they pass the goal's filters."""

    goal_id: str
    name: str
    event: str
    filters: list[StoredFilter]


class ListedFunnel(Shape):
    """A defined funnel; `steps` are names of events, and `step_filters` has the filters of each."""

    funnel_id: str
    name: str
    by: str
    order: str
    window_seconds: int | None
    breakdown: Annotated[
        str, msgspec.Meta(description="The column or property of an attempt's first event; empty: no breakdown.")
    ]
    steps: list[str]
    step_filters: list[list[StoredFilter]]


class ListedRetention(Shape):
    """A defined retention; an empty event name means any event."""

    retention_id: str
    name: str
    start_event: str
    return_event: str


GOALS_LIST = Report(
    "goals",
    "The project's defined goals.",
    ListParameters,
    _of("goal", "event_name AS event, filters", _with_filters),
    list[ListedGoal],
)
FUNNELS_LIST = Report(
    "funnels",
    "The project's defined funnels.",
    ListParameters,
    _of(
        "funnel",
        "counted_by AS `by`, step_order AS `order`, window_seconds, breakdown, step_names AS steps, step_filters",
        _with_step_filters,
    ),
    list[ListedFunnel],
)
RETENTIONS_LIST = Report(
    "retentions",
    "The project's defined retentions.",
    ListParameters,
    _of("retention", "start_event, return_event"),
    list[ListedRetention],
)
