"""Who comes back? Cohorts by the period in which they first appeared, and the share of each that comes back in later
periods.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Literal, cast, get_args

import msgspec

from query.conditions import in_sessions
from query.errors import choose, invalid
from query.filters import condition
from query.parameters import FilteredParameters, one_of
from query.periods import bucket_of, local_date
from query.question import Data, Question, percent
from query.report import Asked, Report
from query.report_context import ProjectScope, ReportContext, read_ask
from query.shapes import Date, Percent, Shape
from query.statement import Bindings, Row
from query.tables import decide_table

Kind = Literal["day", "week", "month"]
Mode = Literal["first", "recurring"]
Criteria = Literal["on", "on_or_after"]
By = Literal["profile", "device"]

DEFAULT_PERIODS = 12
MAX_PERIODS = 400
MAX_NAME = 255
LEFT_OUT = "Devices that are derived for a day and belong to no profile are left out: they cannot be met again."

# Days, weeks and months are counted, so that periods are subtracted: 1970-01-05 was a Monday.
NUMBERS: dict[Kind, str] = {
    "day": "toInt32(local_day)",
    "week": "intDiv(toInt32(local_day) + 3, 7)",
    "month": "toYear(local_day) * 12 + toMonth(local_day) - 1",
}

ROLLED_UP = """
SELECT cohort, period_number, {retained} AS retained
FROM lens.retention
WHERE project_id = {project} AND retention_id = '' AND mode = 'first' AND period = {kind}
    AND cohort >= {first} AND cohort < {end} AND period_number <= {periods}
"""

FROM_FACTS = """
WITH active AS
(
    SELECT
        {entity} AS entity,
        {starts} AS starts,
        {returns} AS returns
    FROM {source}
    WHERE {rows}
    GROUP BY entity
    HAVING notEmpty(starts) AND max({is_lasting})
),
members AS
(
    SELECT arrayJoin({cohorts}) AS cohort_number, returns FROM active
)
SELECT
    cohort_number,
    arrayJoin(arrayDistinct(arrayPushFront({numbers}, 0))) AS period_number,
    count() AS retained
FROM members
WHERE cohort_number >= {first} AND cohort_number <= {last}
GROUP BY cohort_number, period_number
"""


@dataclass(frozen=True)
class Activity:
    """A source of rows that say on which days each entity was active, and whether it can be recognised later."""

    table: str
    source: str
    entity: str
    is_present: str
    is_lasting: str


IN_EVENTS = "is_identified OR device_kind != 'derived'"
EVENTS: dict[By, Activity] = {
    "profile": Activity("events", "lens.events", "profile_id", "profile_id != ''", IN_EVENTS),
    "device": Activity("events", "lens.events", "device_id", "device_id != ''", IN_EVENTS),
}
# The kind of event does not matter here, so one row per day says as much as all events of the day.
DAYS: dict[By, Activity] = {
    "profile": Activity("events", "lens_staging.int_profile_days", "profile_id", "event_count > 0", "is_lasting"),
    "device": Activity("sessions", "lens_staging.int_session_days", "device_hash", "1", "is_lasting"),
}


@dataclass(frozen=True)
class RetentionQuestion:
    """How cohorts are made, which events count as coming back, and the number of periods."""

    kind: Kind
    periods: int
    mode: Mode
    criteria: Criteria
    by: By
    start_event: str | None
    return_event: str | None

    def __post_init__(self) -> None:
        if not 1 <= self.periods <= MAX_PERIODS:
            raise invalid("periods", f"periods is 1 to {MAX_PERIODS}, not {self.periods}.")
        for name in (self.start_event, self.return_event):
            if name is not None and not 1 <= len(name) <= MAX_NAME:
                raise invalid("event", f"startEvent and returnEvent are event names of 1 to {MAX_NAME} characters.")

    @property
    def is_plain(self) -> bool:
        """Return whether the model `retention` answers this question."""
        plain = ("first", "profile", None, None)
        return (self.mode, self.by, self.start_event, self.return_event) == plain


def read_returning(
    kind: str, periods: int | None, mode: str, criteria: str, by: str, start_event: str | None, return_event: str | None
) -> RetentionQuestion:
    """Return the retention question that the parameters describe. Raises `Refused`, which names the invalid
    parameter.
    """
    return RetentionQuestion(
        cast(Kind, choose("period", kind, get_args(Kind))),
        DEFAULT_PERIODS if periods is None else periods,
        cast(Mode, choose("mode", mode, get_args(Mode))),
        cast(Criteria, choose("criteria", criteria, get_args(Criteria))),
        cast(By, choose("by", by, get_args(By))),
        start_event,
        return_event,
    )


def retention(ask: ReportContext, returning: RetentionQuestion) -> Question:
    """Ask for rows `{cohort, size, retained, retention_rate}`, in order, of the cohorts whose period overlaps the
    period of the question.

    The lists have a number for each period. They begin with period 0, where `retained` is the size and the rate is 100,
    and end with period `periods`, or earlier with the current period. Returns count even after the period of the
    question.
    """
    has_facts = bool(ask.filters) or not returning.is_plain
    table = decide_table("retention", finest="day", has_filters=has_facts)
    bindings = Bindings()
    if table == "events":
        activity = _activity(ask, returning)
        table, sql = activity.table, _from_facts(ask, returning, activity, bindings)
    else:
        sql = _rolled_up(ask, returning, bindings)

    def shape(rows: list[Row]) -> Data:
        return cohorts(ask, returning, rows)

    return Question(table, bindings.statement(sql), shape, ask.subject.zone.key, notes=(LEFT_OUT,))


def _rolled_up(ask: ReportContext, returning: RetentionQuestion, bindings: Bindings) -> str:
    return ROLLED_UP.format(
        retained="retained" if returning.criteria == "on" else "retained_on_or_after",
        project=bindings.bind(ask.subject.project_id, "String"),
        kind=bindings.bind(returning.kind, "String"),
        first=bindings.bind(bucket_of(ask.period.first_day, returning.kind).isoformat(), "Date"),
        end=bindings.bind(ask.period.end_day.isoformat(), "Date"),
        periods=bindings.bind(returning.periods, "UInt32"),
    )


def _activity(ask: ReportContext, returning: RetentionQuestion) -> Activity:
    is_any_event = returning.start_event is None and returning.return_event is None
    return (DAYS if is_any_event and not ask.needs_facts else EVENTS)[returning.by]


def _from_facts(ask: ReportContext, returning: RetentionQuestion, activity: Activity, bindings: Bindings) -> str:
    """Return the statement over all of the project's events: an entity belongs to the cohort of its first period ever,
    not of its first period within the period of the question.
    """
    matching = [condition(each, bindings) for each in ask.event_filters]
    if ask.session_filters:
        matching.append(in_sessions(ask, bindings, is_unbounded=True))
    limit = bindings.bind(returning.periods, "Int32")
    later = f"arrayFilter(n -> n > 0 AND n <= {limit}, arrayMap(r -> r - cohort_number, returns))"
    until_last = f"range(toUInt32(greatest(least(arrayMax(returns) - cohort_number, {limit}), 0) + 1))"
    return FROM_FACTS.format(
        entity=activity.entity,
        starts=_numbers(returning.kind, returning.start_event, bindings),
        returns="starts"
        if returning.return_event == returning.start_event
        else _numbers(returning.kind, returning.return_event, bindings),
        source=activity.source,
        rows=" AND ".join(
            [f"project_id = {bindings.bind(ask.subject.project_id, 'String')}", activity.is_present, *matching]
        ),
        is_lasting=activity.is_lasting,
        cohorts="[arrayMin(starts)]" if returning.mode == "first" else "starts",
        numbers=later if returning.criteria == "on" else f"if(empty(returns), [], {until_last})",
        first=bindings.bind(_number(ask.period.first_day, returning.kind), "Int32"),
        last=bindings.bind(_number(ask.period.end_day - timedelta(days=1), returning.kind), "Int32"),
    )


def _numbers(kind: Kind, event: str | None, bindings: Bindings) -> str:
    """Return the SQL of the numbers of the periods in which an entity did `event`; None means any event."""
    if event is None:
        return f"groupUniqArray({NUMBERS[kind]})"
    return f"groupUniqArrayIf({NUMBERS[kind]}, name = {bindings.bind(event, 'String')})"


def _number(day: date, kind: Kind) -> int:
    """Return the number of the period that `day` is in, counted as `NUMBERS` counts."""
    if kind == "month":
        return day.year * 12 + day.month - 1
    days = (day - date(1970, 1, 1)).days
    return days if kind == "day" else (days + 3) // 7


def _first_day(number: int, kind: Kind) -> date:
    if kind == "month":
        return date(number // 12, number % 12 + 1, 1)
    return date(1970, 1, 1) + timedelta(days=number if kind == "day" else number * 7 - 3)


def cohorts(ask: ReportContext, returning: RetentionQuestion, rows: list[Row]) -> list[Row]:
    """Turn rows per cohort and period into one row per cohort, with lists over its periods."""
    now = _number(local_date(ask.now_ms, ask.subject.zone), returning.kind)
    retained: dict[int, dict[int, int]] = {}
    for row in rows:
        number = row["cohort_number"] if "cohort_number" in row else _number(row["cohort"], returning.kind)
        retained.setdefault(number, {})[row["period_number"]] = row["retained"]
    answer: list[Row] = []
    for number, counts in sorted(retained.items()):
        size = counts[0]
        # Events may be ahead of our clock by as much as their senders' clocks are.
        last = min(returning.periods, max(now - number, *counts))
        series = [counts.get(period, 0) for period in range(last + 1)]
        answer.append(
            {
                "cohort": _first_day(number, returning.kind).isoformat(),
                "size": size,
                "retained": series,
                "retention_rate": [percent(count, size) for count in series],
            }
        )
    return answer


class RetentionParameters(FilteredParameters, kw_only=True):
    """The period and filters, how cohorts are made, and which events count as coming back."""

    period: Annotated[str, one_of(get_args(Kind))] = "week"
    periods: Annotated[
        int | None, msgspec.Meta(description=f"How many periods after the cohort's own, 1 to {MAX_PERIODS}.")
    ] = None
    mode: Annotated[str, one_of(get_args(Mode))] = "first"
    criteria: Annotated[str, one_of(get_args(Criteria))] = "on"
    by: Annotated[str, one_of(get_args(By))] = "profile"
    start_event: Annotated[
        str | None, msgspec.Meta(description="The event that makes a cohort; default any event.")
    ] = None
    return_event: Annotated[
        str | None, msgspec.Meta(description="The event that counts as coming back; default any event.")
    ] = None


class RetentionCohort(Shape):
    """The profiles (or devices) that first appeared in a period, and how many of them were back in each later period;
    the first number is the size.
    """

    cohort: Date
    size: int
    retained: list[int]
    retention_rate: list[Percent]


def _ask(subject: ProjectScope, parameters: RetentionParameters, now_ms: int) -> Asked:
    returning = read_returning(
        parameters.period,
        parameters.periods,
        parameters.mode,
        parameters.criteria,
        parameters.by,
        parameters.start_event,
        parameters.return_event,
    )
    return retention(read_ask(subject, parameters, now_ms), returning), None


RETENTION = Report(
    "retention",
    "Cohorts, and how many of each come back.",
    RetentionParameters,
    _ask,
    list[RetentionCohort],
    {"period": "day", "periods": 2},
)
