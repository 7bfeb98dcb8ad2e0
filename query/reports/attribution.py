"""Which sources brought conversions? Credit and revenue of a goal by source, for several models side by side."""

from typing import Annotated

import msgspec

from query.conditions import conversion_rows
from query.errors import choose
from query.parameters import RankedParameters, one_of
from query.question import Data, Question
from query.report import Asked, Report
from query.report_context import ProjectScope, ReportContext, read_ask
from query.reports.definitions import answered_rows, of_defined
from query.shapes import Shape
from query.statement import Bindings, Row

MODELS = ("first", "last", "last_non_direct", "linear", "position_based", "time_decay")
SOURCES: dict[str, tuple[str, ...]] = {
    "channel": ("channel",),
    "referrer": ("referrer_name", "referrer_type"),
    "campaign": ("utm_source", "utm_medium", "utm_campaign"),
}

# Sums of parts differ in their last digits from run to run; the order of rows must not.
SQL = """
SELECT {columns}, {measures}
FROM lens.attribution
WHERE {rows} AND goal_id = {goal} AND model IN {models}
GROUP BY {columns}
HAVING max(credit) > 0
ORDER BY {order}
LIMIT {limit}
"""


def attribution(ask: ReportContext, goal: str, models: tuple[str, ...], by: str) -> Question:
    """Ask for `{<columns of by>, credit: {model: number}, revenue: {model: number}}`, ordered by credit in the first
    model, the most first.

    The conversions are those of the period; their touches may have happened up to 30 days before it.
    """
    bindings = Bindings()
    columns = ", ".join(SOURCES[by])
    order = f"round(credit_0, 6) DESC, {columns}"
    sql = SQL.format(
        columns=columns,
        measures=", ".join(_measure(place, model, bindings) for place, model in enumerate(models)),
        rows=conversion_rows(ask, bindings),
        goal=bindings.bind(goal, "String"),
        models=bindings.bind(list(models), "Array(String)"),
        order=order,
        limit=bindings.bind(ask.limit, "UInt32"),
    )
    statement = bindings.statement(of_defined("goal", ask.subject.project_id, goal, sql, order, bindings))

    def shape(rows: list[Row]) -> Data:
        return [_row(row, models, by) for row in answered_rows("goal", goal, rows)]

    return Question("attribution", statement, shape, ask.subject.zone.key, notes=(_note(ask),))


def _measure(place: int, model: str, bindings: Bindings) -> str:
    is_of_model = f"model = {bindings.bind(model, 'String')}"
    return f"sumIf(credit, {is_of_model}) AS credit_{place}, sumIf(revenue, {is_of_model}) AS revenue_{place}"


def _row(row: Row, models: tuple[str, ...], by: str) -> Row:
    return {column: row[column] for column in SOURCES[by]} | {
        measure: {model: row[f"{measure}_{place}"] for place, model in enumerate(models)}
        for measure in ("credit", "revenue")
    }


def _note(ask: ReportContext) -> str:
    if ask.subject.currency:
        return f"`revenue` is that of amounts in {ask.subject.currency} or without a currency."
    return "The project has no currency: `revenue` is that of amounts without a currency alone."


class AttributionParameters(RankedParameters, kw_only=True):
    """The period, the goal, and how its conversions are credited."""

    goal: Annotated[str, msgspec.Meta(description="The id of a goal; the question `goals` lists them.")]
    model: Annotated[
        str | None, msgspec.Meta(description=f"Some of {', '.join(MODELS)}, separated by commas; default all.")
    ] = None
    by: Annotated[str, one_of(SOURCES)] = "channel"


class Source(Shape, kw_only=True):
    """A source, and its credit and revenue in each model. It has the columns that `by` names."""

    channel: str | msgspec.UnsetType = msgspec.UNSET
    referrer_name: str | msgspec.UnsetType = msgspec.UNSET
    referrer_type: str | msgspec.UnsetType = msgspec.UNSET
    utm_source: str | msgspec.UnsetType = msgspec.UNSET
    utm_medium: str | msgspec.UnsetType = msgspec.UNSET
    utm_campaign: str | msgspec.UnsetType = msgspec.UNSET
    credit: dict[str, float]
    revenue: dict[str, float]


def _ask(subject: ProjectScope, parameters: AttributionParameters, now_ms: int) -> Asked:
    by = choose("by", parameters.by, SOURCES)
    ask = read_ask(subject, parameters, now_ms)
    return attribution(ask, parameters.goal, _read_models(parameters.model), by), None


def _read_models(written: str | None) -> tuple[str, ...]:
    """Return the models in the order in which they are written, each once; None means all models. Raises `Refused`
    (`model_invalid`).
    """
    if written is None:
        return MODELS
    return tuple(dict.fromkeys(choose("model", model.strip(), MODELS) for model in written.split(",")))


ATTRIBUTION = Report(
    "attribution",
    "Conversions of a goal, credited to their sources.",
    AttributionParameters,
    _ask,
    list[Source],
    {"goal": "orders", "model": "first,linear"},
)
