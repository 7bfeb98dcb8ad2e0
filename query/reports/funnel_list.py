"""Which funnels are defined? The funnels that the last build knew."""

import msgspec

from query.parameters import Limit
from query.question import Data, Question
from query.report import Asked, Report
from query.report_context import ProjectScope, read_limit
from query.shapes import Shape
from query.statement import Bindings, Row

SQL = """
SELECT funnel_id, name, counted_by, step_order, window_seconds, step_names
FROM lens_raw.funnel_definitions FINAL
WHERE project_id = {project}
ORDER BY name, funnel_id
LIMIT {limit}
"""


class FunnelsParameters(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """How many funnels are listed."""

    limit: Limit = None


def funnels(subject: ProjectScope, limit: int) -> Question:
    """Ask for `{funnel_id, name, by, order, window_seconds, steps}` by name; `steps` are names of events."""
    bindings = Bindings()
    sql = SQL.format(project=bindings.bind(subject.project_id, "String"), limit=bindings.bind(limit, "UInt32"))
    return Question("funnel_definitions", bindings.statement(sql), _listed, subject.zone.key)


def _listed(rows: list[Row]) -> Data:
    return [
        {
            "funnel_id": row["funnel_id"],
            "name": row["name"],
            "by": row["counted_by"],
            "order": row["step_order"],
            "window_seconds": row["window_seconds"],
            "steps": row["step_names"],
        }
        for row in rows
    ]


class ListedFunnel(Shape):
    """A defined funnel; `steps` are names of events."""

    funnel_id: str
    name: str
    by: str
    order: str
    window_seconds: int | None
    steps: list[str]


def _ask(subject: ProjectScope, parameters: FunnelsParameters, _now_ms: int) -> Asked:
    return funnels(subject, read_limit(parameters.limit)), None


FUNNELS_LIST = Report("funnels", "The project's defined funnels.", FunnelsParameters, _ask, list[ListedFunnel])
