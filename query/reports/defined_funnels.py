"""How many get from step to step of a defined funnel? The sums over its days, as the models built them."""

from typing import Annotated

import msgspec

from query.conditions import rollup_rows
from query.errors import invalid
from query.parameters import Limit, PeriodParameters
from query.question import Data, Question
from query.report import Asked, Report
from query.report_context import ProjectScope, ReportContext, read_ask, read_limit
from query.reports.definitions import check_known, of_defined
from query.reports.funnels import FROM_START, FunnelStep, Reached, told_steps
from query.shapes import Shape
from query.statement import Bindings, Row

NOTE = "Whoever enters on several days counts once a day, with the deepest attempt of the day."
SECONDS_NOTE = "Seconds are those of one day: null where several days, or values of the breakdown, come together."

# Quantiles of several days cannot be merged, so a step has quantiles only if a single row of the table reached it.
SQL = """
WITH days AS
(
    SELECT * FROM lens.funnels_daily WHERE {rows} AND funnel_id = {funnel}
),
stepped AS
(
    SELECT 1 AS is_total, '' AS value, * FROM days
    UNION ALL
    SELECT 0 AS is_total, breakdown_value AS value, * FROM days
    WHERE breakdown_value IN
    (
        SELECT breakdown_value FROM days WHERE step = 1
        GROUP BY breakdown_value
        ORDER BY sum(reached) DESC, breakdown_value
        LIMIT {limit}
    )
)
SELECT
    is_total,
    value,
    step,
    sum(reached) AS reached_count,
    {median} AS median,
    [{from_start}] AS from_start
FROM stepped
GROUP BY is_total, value, step
"""


def defined_funnel(ask: ReportContext, funnel: str, limit: int) -> Question:
    """Ask for `{name, by, order, window_seconds, breakdown, steps}`. `steps` are those of all entities, `breakdown` has
    the steps of each value of the funnel's breakdown (at most `limit` values). Both are like the steps of
    `funnel_steps`.
    """
    if ask.period.grain != "day":
        raise invalid("period", "A defined funnel counts whole days; give startDate and endDate as dates.")
    bindings = Bindings()
    sql = SQL.format(
        rows=rollup_rows(ask, "funnels_daily", bindings),
        funnel=bindings.bind(funnel, "String"),
        limit=bindings.bind(limit, "UInt32"),
        median=_of_one_day("median_seconds_from_previous"),
        from_start=", ".join(_of_one_day(column) for column in FROM_START),
    )
    statement = bindings.statement(of_defined("funnel", ask.subject.project_id, funnel, sql, "step", bindings))

    def shape(rows: list[Row]) -> Data:
        check_known("funnel", funnel, is_known=bool(rows))
        answered = [row for row in rows if row["is_answered"]]
        definition = rows[0]
        names = definition["step_names"]
        return {
            "name": definition["name"],
            "by": definition["counted_by"],
            "order": definition["step_order"],
            "window_seconds": definition["window_seconds"],
            "breakdown": _broken_down(names, answered) if definition["breakdown"] else [],
            "steps": told_steps(names, _reached(names, [row for row in answered if row["is_total"]]), None),
        }

    return Question("funnels_daily", statement, shape, ask.subject.zone.key, notes=(NOTE, SECONDS_NOTE))


def _of_one_day(column: str) -> str:
    return f"if(countIf(reached > 0) = 1, maxIf({column}, reached > 0), NULL)"


def _reached(names: list[str], rows: list[Row]) -> list[Reached]:
    by_step = {row["step"]: Reached(row["reached_count"], row["median"], row["from_start"]) for row in rows}
    return [by_step.get(step, Reached()) for step in range(1, len(names) + 1)]


def _broken_down(names: list[str], answered: list[Row]) -> list[Row]:
    rows_by_value: dict[str, list[Row]] = {}
    for row in answered:
        if not row["is_total"]:
            rows_by_value.setdefault(row["value"], []).append(row)
    found = {value: _reached(names, rows) for value, rows in rows_by_value.items()}
    in_order = sorted(found.items(), key=lambda each: (-each[1][0].count, each[0]))
    return [step for value, reached in in_order for step in told_steps(names, reached, value)]


class DefinedFunnelParameters(PeriodParameters, kw_only=True):
    """The funnel, the days on which entities entered it, and how many values of its breakdown are listed."""

    funnel: Annotated[str, msgspec.Meta(description="The id of a funnel, as `funnels` lists it.")]
    limit: Limit = None


class DefinedFunnel(Shape):
    """A defined funnel, and how many reached each step. An entity counts once for each day on which it enters.

    `breakdown` has the steps of each value by which the funnel is broken down; the value with which most entered comes
    first.
    """

    name: str
    by: str
    order: str
    window_seconds: int | None
    breakdown: list[FunnelStep]
    steps: list[FunnelStep]


def _ask(subject: ProjectScope, parameters: DefinedFunnelParameters, now_ms: int) -> Asked:
    limit = read_limit(parameters.limit)
    return defined_funnel(read_ask(subject, parameters, now_ms), parameters.funnel, limit), None


DEFINED_FUNNEL = Report(
    "funnels/{funnel}",
    "The steps of a defined funnel.",
    DefinedFunnelParameters,
    _ask,
    DefinedFunnel,
    {"funnel": "buying"},
)
