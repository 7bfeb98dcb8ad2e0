"""Who comes back, according to a definition? The cohorts of a defined retention, as the models built them."""

from typing import Annotated, get_args

import msgspec

from query.errors import invalid
from query.parameters import PeriodParameters, one_of
from query.periods import bucket_of
from query.question import Data, Question
from query.report import Asked, Report
from query.report_context import ProjectScope, ReportContext, read_ask
from query.reports.definitions import check_known, of_defined
from query.reports.retention import (
    LEFT_OUT,
    Criteria,
    Kind,
    Mode,
    RetentionCohort,
    RetentionQuestion,
    cohorts,
    read_returning,
)
from query.shapes import Shape
from query.statement import Bindings, Row

MAX_RECURRING: dict[Kind, int] = {"day": 90, "week": 53, "month": 24}
"""For how many periods the model keeps the cohorts of every start."""

SQL = """
SELECT cohort, period_number, {retained} AS retained
FROM lens.retention
WHERE project_id = {project} AND retention_id = {retention} AND mode = {mode} AND period = {kind}
    AND cohort >= {first} AND cohort < {end} AND period_number <= {periods}
"""


def defined_retention(ask: ReportContext, retention: str, returning: RetentionQuestion) -> Question:
    """Ask for `{name, start_event, return_event, cohorts: [{cohort, size, retained, retention_rate}]}`; '' means any
    event.
    """
    bindings = Bindings()
    project = ask.subject.project_id
    sql = SQL.format(
        retained="retained" if returning.criteria == "on" else "retained_on_or_after",
        project=bindings.bind(project, "String"),
        retention=bindings.bind(retention, "String"),
        mode=bindings.bind(returning.mode, "String"),
        kind=bindings.bind(returning.kind, "String"),
        first=bindings.bind(bucket_of(ask.period.first_day, returning.kind).isoformat(), "Date"),
        end=bindings.bind(ask.period.end_day.isoformat(), "Date"),
        periods=bindings.bind(returning.periods, "UInt32"),
    )
    order = "cohort, period_number"
    statement = bindings.statement(of_defined("retention", project, retention, sql, order, bindings))

    def shape(rows: list[Row]) -> Data:
        check_known("retention", retention, is_known=bool(rows))
        definition = rows[0]
        return {
            "name": definition["name"],
            "start_event": definition["start_event"],
            "return_event": definition["return_event"],
            "cohorts": cohorts(ask, returning, [row for row in rows if row["is_answered"]]),
        }

    return Question("retention", statement, shape, ask.subject.zone.key, notes=(LEFT_OUT,))


class DefinedRetention(Shape):
    """A defined retention and its cohorts; an empty event name means any event."""

    name: str
    start_event: str
    return_event: str
    cohorts: list[RetentionCohort]


class DefinedRetentionParameters(PeriodParameters, kw_only=True):
    """The retention, which cohorts, and how many periods after each."""

    retention: Annotated[str, msgspec.Meta(description="The id of a retention, as `retentions` lists it.")]
    period: Annotated[str, one_of(get_args(Kind))] = "week"
    periods: Annotated[int | None, msgspec.Meta(description="How many periods after the cohort's own; default 12.")] = (
        None
    )
    mode: Annotated[str, one_of(get_args(Mode))] = "first"
    criteria: Annotated[str, one_of(get_args(Criteria))] = "on"


def _ask(subject: ProjectScope, parameters: DefinedRetentionParameters, now_ms: int) -> Asked:
    returning = read_returning(
        parameters.period, parameters.periods, parameters.mode, parameters.criteria, "profile", None, None
    )
    most = MAX_RECURRING[returning.kind]
    if returning.mode == "recurring" and returning.periods > most:
        raise invalid("periods", f"Recurring cohorts by {returning.kind} are kept for {most} periods.")
    return defined_retention(read_ask(subject, parameters, now_ms), parameters.retention, returning), None


DEFINED_RETENTION = Report(
    "retentions/{retention}",
    "The cohorts of a defined retention.",
    DefinedRetentionParameters,
    _ask,
    DefinedRetention,
    {"retention": "orders_again", "period": "day", "periods": 2},
)
