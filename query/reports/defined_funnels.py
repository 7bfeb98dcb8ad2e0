"""How many get from step to step of a defined funnel? The sums of its days, as the models built them."""

from query.conditions import rollup_rows
from query.errors import invalid
from query.parameters import PeriodParameters
from query.question import Data, Question, percent
from query.report import Asked, Report
from query.report_context import ProjectScope, ReportContext, read_ask
from query.reports.definitions import check_known, of_defined
from query.shapes import Percent, Shape
from query.statement import Bindings, Row

NOTE = "Whoever enters on several days counts once a day, with the deepest attempt of the day."

SQL = """
SELECT step, sum(reached) AS reached_count
FROM lens.funnels_daily
WHERE {rows} AND funnel_id = {funnel}
GROUP BY step
"""


def defined_funnel(ask: ReportContext, funnel: str) -> Question:
    """Ask for `{name, by, order, window_seconds, steps: [{name, count, conversion_from_start,
    conversion_from_previous}]}`.
    """
    if ask.period.grain != "day":
        raise invalid("period", "A defined funnel counts whole days; give startDate and endDate as dates.")
    bindings = Bindings()
    sql = SQL.format(rows=rollup_rows(ask, "funnels_daily", bindings), funnel=bindings.bind(funnel, "String"))
    statement = bindings.statement(of_defined("funnel", ask.subject.project_id, funnel, sql, "step", bindings))

    def shape(rows: list[Row]) -> Data:
        check_known("funnel", funnel, is_known=bool(rows))
        reached = {row["step"]: row["reached_count"] for row in rows if row["is_answered"]}
        definition = rows[0]
        return {
            "name": definition["name"],
            "by": definition["counted_by"],
            "order": definition["step_order"],
            "window_seconds": definition["window_seconds"],
            "steps": _steps(definition["step_names"], reached),
        }

    return Question("funnels_daily", statement, shape, ask.subject.zone.key, notes=(NOTE,))


def _steps(names: list[str], reached: dict[int, int]) -> list[Row]:
    counts = [reached.get(step, 0) for step in range(1, len(names) + 1)]
    return [
        {
            "name": name,
            "count": count,
            "conversion_from_start": percent(count, counts[0]),
            "conversion_from_previous": percent(count, counts[max(place - 1, 0)]),
        }
        for place, (name, count) in enumerate(zip(names, counts, strict=True))
    ]


class DefinedFunnelParameters(PeriodParameters, kw_only=True):
    """The funnel, and the days on which it was entered."""

    funnel: str


class DefinedStep(Shape):
    """The number of entities that reached this step, and their share of the first step and of the step before."""

    name: str
    count: int
    conversion_from_start: Percent | None
    conversion_from_previous: Percent | None


class DefinedFunnel(Shape):
    """A defined funnel, and how many reached each step. An entity counts once for each day on which it enters."""

    name: str
    by: str
    order: str
    window_seconds: int | None
    steps: list[DefinedStep]


def _ask(subject: ProjectScope, parameters: DefinedFunnelParameters, now_ms: int) -> Asked:
    return defined_funnel(read_ask(subject, parameters, now_ms), parameters.funnel), None


DEFINED_FUNNEL = Report(
    "funnels/{funnel}",
    "The steps of a defined funnel.",
    DefinedFunnelParameters,
    _ask,
    DefinedFunnel,
    {"funnel": "buying"},
)
