"""What do the members of a cohort do? Their activity over time, if wanted next to another cohort's."""

from typing import Annotated, Literal, cast, get_args

import msgspec

from query.conditions import event_rows, session_rows, summed_revenue
from query.errors import choose, invalid
from query.parameters import FilteredParameters, one_of
from query.periods import INTERVALS, Interval, read_as_of, read_interval
from query.question import Data, Question, ratio
from query.report import Asked, Report
from query.report_context import ProjectScope, ReportContext, read_ask
from query.reports.cohorts import AsOf, is_member, note
from query.reports.definitions import check_known
from query.reports.measures import bucket, dates
from query.shapes import BucketStart, Shape
from query.statement import Bindings, Row

Metric = Literal["active_users", "sessions", "events", "revenue"]

# Each cohort is at least one row, so that a cohort without members or activity differs from an unknown one.
SQL = """
WITH members AS
(
    SELECT DISTINCT cohort_id, profile_id
    FROM lens.cohort_members
    WHERE project_id = {project} AND cohort_id IN {cohorts} AND {is_member}
)
SELECT cohort_id, name, member_count, shared_count, is_measured, bucket, measured
FROM
(
    SELECT cohort_id, name
    FROM lens_raw.cohort_definitions FINAL
    WHERE project_id = {project} AND cohort_id IN {cohorts}
) AS defined
LEFT JOIN
(
    SELECT cohort_id, count() AS member_count, countIf(cohort_count = 2) AS shared_count
    FROM (SELECT cohort_id, count() OVER (PARTITION BY profile_id) AS cohort_count FROM members)
    GROUP BY cohort_id
) AS sizes USING (cohort_id)
LEFT JOIN
(
    SELECT cohort_id, 1 AS is_measured, {bucket} AS bucket, toFloat64({measure}) AS measured
    FROM {table} AS done INNER JOIN members USING (profile_id)
    WHERE {rows}
    GROUP BY cohort_id, bucket
) AS activity USING (cohort_id)
"""


def behaviour(
    ask: ReportContext, cohort: str, versus: str | None, metric: Metric, interval: Interval, as_of_ms: int
) -> Question:
    """Ask for `{cohort_id, name, members, series: [{date, value, per_member}], versus: {...}}` for every bucket.

    The profiles that are members at one instant count for the whole period, even before they joined. `versus` has the
    same numbers for the other cohort, and the number of profiles in both.
    """
    bindings = Bindings()
    is_of_sessions = metric == "sessions"
    ids = [cohort] if versus is None else [cohort, versus]
    measure = {
        "active_users": "uniqExact(profile_id)",
        "sessions": "count()",
        "events": "count()",
        "revenue": f"sum({summed_revenue(ask, bindings)})",
    }[metric]
    sql = SQL.format(
        project=bindings.bind(ask.subject.project_id, "String"),
        cohorts=bindings.bind(ids, "Array(String)"),
        is_member=is_member(as_of_ms, bindings),
        bucket=_bucket(interval, is_of_sessions),
        measure=measure,
        table="lens.sessions" if is_of_sessions else "lens.events",
        rows=session_rows(ask, bindings) if is_of_sessions else event_rows(ask, bindings),
    )
    buckets = dates(ask, interval)

    def shape(rows: list[Row]) -> Data:
        told = {each: _told(each, [row for row in rows if row["cohort_id"] == each], buckets) for each in ids}
        if versus is None:
            return told[cohort] | {"versus": None}
        shared = next(row["shared_count"] for row in rows if row["cohort_id"] == cohort)
        return told[cohort] | {"versus": told[versus] | {"members_of_both": shared}}

    notes = (note(as_of_ms),)
    table = "sessions" if is_of_sessions else "events"
    return Question(
        table,
        bindings.statement(sql),
        shape,
        ask.subject.zone.key,
        notes=notes,
        sums_revenue_of=ask.period if metric == "revenue" else None,
    )


def _bucket(interval: Interval, is_of_sessions: bool) -> str:
    return bucket(interval, "day" if is_of_sessions else "local_day")


def _told(cohort: str, rows: list[Row], buckets: dict[str, str]) -> Row:
    check_known("cohort", cohort, is_known=bool(rows))
    members = rows[0]["member_count"]
    found = {row["bucket"]: row["measured"] for row in rows if row["is_measured"]}
    return {
        "cohort_id": cohort,
        "name": rows[0]["name"],
        "members": members,
        "series": [
            {"date": date, "value": found.get(key, 0.0), "per_member": ratio(found.get(key, 0.0), members)}
            for key, date in buckets.items()
        ],
    }


class Behaved(Shape):
    """The members' activity in a bucket; `per_member` is null for a cohort without members."""

    date: BucketStart
    value: float
    per_member: float | None


class Versus(Shape):
    """The other cohort, and the number of profiles in both."""

    cohort_id: str
    name: str
    members: int
    members_of_both: int
    series: list[Behaved]


class Behaviour(Shape):
    """The activity of a cohort's members."""

    cohort_id: str
    name: str
    members: int
    versus: Versus | None
    series: list[Behaved]


class BehaviourParameters(FilteredParameters, kw_only=True):
    """The cohort, another cohort to compare with, the metric, and the instant that decides who is a member."""

    cohort: Annotated[str, msgspec.Meta(description="The id of a cohort, as `cohorts` lists it.")]
    versus: Annotated[str | None, msgspec.Meta(description="The id of another cohort.")] = None
    metric: Annotated[str, one_of(get_args(Metric))] = "active_users"
    interval: Annotated[str, one_of(INTERVALS)] = "day"
    as_of: AsOf = None


def _ask(subject: ProjectScope, parameters: BehaviourParameters, now_ms: int) -> Asked:
    metric = cast(Metric, choose("metric", parameters.metric, get_args(Metric)))
    if parameters.versus == parameters.cohort:
        raise invalid("versus", "versus is the cohort itself; give the id of another one.")
    as_of_ms = read_as_of(parameters.as_of, subject.zone, now_ms)
    interval = read_interval(parameters.interval)
    ask = read_ask(subject, parameters, now_ms)
    return behaviour(ask, parameters.cohort, parameters.versus, metric, interval, as_of_ms), None


BEHAVIOUR = Report(
    "cohorts/{cohort}/behaviour",
    "The activity of a cohort's members over time.",
    BehaviourParameters,
    _ask,
    Behaviour,
    {"cohort": "buyers", "versus": "lately", "metric": "events", "interval": "week", "asOf": "2026-05-06"},
)
