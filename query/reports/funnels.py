"""How many get from step to step? Funnels over events."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, cast, get_args

import msgspec

from event_lens.registry.definitions.filters import breakdown_column
from event_lens.registry.definitions.funnels import FEWEST_STEPS, MAX_STEPS, MAX_WINDOW_SECONDS
from query.errors import choose, invalid
from query.filters import resolve_filters
from query.parameters import PERIOD_NAMES, FilterList, Freshness, PeriodParameters, one_of
from query.question import Data, Question, percent
from query.report import Asked, Report
from query.report_context import ProjectScope, ReportContext, read_ask, read_limit
from query.reports.funnel_events import By, Funnel, Order, Step, reached_steps, table_of_steps
from query.shapes import Percent, Shape
from query.statement import Bindings, Row

BYS: tuple[By, ...] = get_args(By)
ORDERS: tuple[Order, ...] = get_args(Order)

MAX_NAME = 255
DEFAULT_WINDOW_SECONDS = 86_400


class RawStep(msgspec.Struct, forbid_unknown_fields=True):
    """A step as callers write it."""

    name: Annotated[str, msgspec.Meta(description="The name of an event.")]
    filters: FilterList = msgspec.field(default_factory=list)


class RawSteps(PeriodParameters, forbid_unknown_fields=True, kw_only=True, rename=PERIOD_NAMES):
    """Steps as callers write them. `filters` apply to every step; `window_seconds` null means the whole period."""

    steps: Annotated[list[RawStep], msgspec.Meta(description=f"{FEWEST_STEPS} to {MAX_STEPS} steps.")]
    window_seconds: Annotated[
        int | None,
        msgspec.Meta(description="The most seconds from the first step to the last; null: the whole period."),
    ] = DEFAULT_WINDOW_SECONDS
    order: Annotated[str, one_of(ORDERS)] = "ordered"
    filters: FilterList = msgspec.field(default_factory=list)
    freshness: Freshness = None


class RawFunnel(RawSteps, forbid_unknown_fields=True, kw_only=True, rename=PERIOD_NAMES):
    """A funnel as callers write it."""

    by: Annotated[str, one_of(BYS)] = "device"
    breakdown: Annotated[
        str | None,
        msgspec.Meta(description="A column or properties.<key> of an attempt's first event: the steps of each value."),
    ] = None
    limit: Annotated[
        int | None, msgspec.Meta(description="The most values of a breakdown, 1 to 10000; default 100.")
    ] = None


def read_funnel(written: RawFunnel) -> Funnel:
    """Return a written funnel with its filters resolved. Raises `Refused` (`funnel_invalid`, `filters_invalid`,
    `breakdown_invalid`, `limit_invalid`).
    """
    if written.limit is not None and written.breakdown is None:
        raise invalid("limit", "limit is the most values of a breakdown; give a breakdown, or no limit.")
    funnel = read_steps(written, cast(By, choose("by", written.by, BYS)))
    return replace(funnel, breakdown=breakdown_column(written.breakdown or ""), limit=read_limit(written.limit))


def read_steps(written: RawSteps, by: By) -> Funnel:
    """Return written steps, counted `by` device, profile or session, as a funnel. Raises `Refused`
    (`funnel_invalid`, `filters_invalid`).
    """
    if not FEWEST_STEPS <= len(written.steps) <= MAX_STEPS:
        raise invalid("funnel", f"A funnel has {FEWEST_STEPS} to {MAX_STEPS} steps, not {len(written.steps)}.")
    if not all(1 <= len(step.name) <= MAX_NAME for step in written.steps):
        raise invalid("funnel", f"A step's name is an event name of 1 to {MAX_NAME} characters.")
    window = written.window_seconds
    if window is not None and not 1 <= window <= MAX_WINDOW_SECONDS:
        raise invalid("funnel", f"window_seconds is 1 to {MAX_WINDOW_SECONDS}, or null for the whole range.")
    common = resolve_filters(written.filters)
    return Funnel(
        tuple(Step(step.name, common + resolve_filters(step.filters)) for step in written.steps),
        window,
        by,
        cast(Order, choose("order", written.order, ORDERS)),
    )


def funnel_steps(ask: ReportContext, funnel: Funnel) -> Question:
    """Ask for `{steps: [{name, count, conversion_from_start, conversion_from_previous, median_seconds_from_previous,
    p25_seconds_from_start, ..., breakdown_value}]}`.

    Rates are in percent. With order `any`, the k-th row counts the entities that did k different steps. A breakdown
    uses the first event of the attempt that counts; the value with which most entered comes first.
    """
    bindings = Bindings()
    table = table_of_steps(ask, funnel)
    reached = reached_steps(ask, funnel, bindings, table)
    counts = ",\n    ".join(_counts(place) for place in range(1, len(funnel.steps) + 1))
    if funnel.breakdown:
        grouped = GROUPED.format(counts=counts, limit=bindings.bind(funnel.limit, "UInt32"))
    else:
        grouped = f"SELECT NULL AS breakdown_value, {counts} FROM (SELECT reached AS times FROM attempts)"
    sql = f"WITH {reached}\n{grouped}"

    def shape(rows: list[Row]) -> Data:
        found = rows or ([] if funnel.breakdown else [{}])
        return {"steps": [step for row in found for step in _steps(funnel, row)]}

    return Question(table, bindings.statement(sql), shape, ask.subject.zone.key)


GROUPED = """
SELECT breakdown_value, {counts}
FROM (SELECT breakdown_value, reached AS times FROM attempts)
GROUP BY breakdown_value
ORDER BY count_1 DESC, breakdown_value
LIMIT {limit}
"""


def _counts(place: int) -> str:
    count = f"countIf(length(times) >= {place}) AS count_{place}"
    if place == 1:
        return count
    is_reached = f"length(times) >= {place}"
    seconds = f"quantileExactInclusiveIf(0.5)((times[{place}] - times[{place - 1}]) / 1000, {is_reached})"
    from_start = f"quantilesExactInclusiveIf(0.25, 0.5, 0.75, 0.9)((times[{place}] - times[1]) / 1000, {is_reached})"
    return f"{count}, {seconds} AS median_{place}, {from_start} AS from_start_{place}"


def _steps(funnel: Funnel, row: Row) -> list[Row]:
    names = [step.name for step in funnel.steps]
    reached = [
        Reached(
            row.get(f"count_{place}", 0),
            *((row[f"median_{place}"], row[f"from_start_{place}"]) if place > 1 and row.get(f"count_{place}") else ()),
        )
        for place in range(1, len(names) + 1)
    ]
    return told_steps(names, reached, row.get("breakdown_value"))


FROM_START = ("p25_seconds_from_start", "median_seconds_from_start", "p75_seconds_from_start", "p90_seconds_from_start")


@dataclass(frozen=True)
class Reached:
    """The number of entities that reached a step, and the seconds that they needed, where these are known."""

    count: int = 0
    median: float | None = None
    from_start: Sequence[float | None] = (None,) * len(FROM_START)


def told_steps(names: list[str], reached: list[Reached], breakdown_value: str | None) -> list[Row]:
    """Return the steps of a funnel with their rates, each as `FunnelStep` describes it."""
    return [
        {
            "name": name,
            "count": step.count,
            "conversion_from_start": percent(step.count, reached[0].count),
            "conversion_from_previous": percent(step.count, reached[max(place - 1, 0)].count),
            "median_seconds_from_previous": step.median,
            **dict(zip(FROM_START, step.from_start, strict=True)),
            "breakdown_value": breakdown_value,
        }
        for place, (name, step) in enumerate(zip(names, reached, strict=True))
    ]


class FunnelStep(Shape):
    """The number of entities that reached this step, and the seconds that they needed: the median from the step before,
    and quantiles from the first step. `breakdown_value` is null if the funnel is not broken down.
    """

    name: str
    count: int
    conversion_from_start: Percent | None
    conversion_from_previous: Percent | None
    median_seconds_from_previous: float | None
    p25_seconds_from_start: float | None
    median_seconds_from_start: float | None
    p75_seconds_from_start: float | None
    p90_seconds_from_start: float | None
    breakdown_value: str | None


class FunnelSteps(Shape):
    """The number of entities that reached each step."""

    steps: list[FunnelStep]


def _ask(subject: ProjectScope, written: RawFunnel, now_ms: int) -> Asked:
    funnel = read_funnel(written)
    return funnel_steps(read_ask(subject, written, now_ms), funnel), None


FUNNEL = Report(
    "funnel",
    "How many reach each step of a funnel.",
    RawFunnel,
    _ask,
    FunnelSteps,
    {"steps": [{"name": "screen_view"}, {"name": "order"}]},
    has_body=True,
)
