"""How many get from step to step? Funnels over events."""

from dataclasses import dataclass, replace
from typing import Annotated, Literal, cast, get_args

import msgspec

from event_lens.contract.filters import Filter, RawFilter
from event_lens.registry.definitions.funnels import FEWEST_STEPS, MAX_STEPS, MAX_WINDOW_SECONDS
from query.conditions import event_rows
from query.errors import choose, invalid
from query.filters import resolve_filters
from query.parameters import PERIOD_NAMES, Freshness, PeriodParameters, one_of
from query.question import Data, Question, percent
from query.report import Asked, Report
from query.report_context import ProjectScope, ReportContext, read_ask
from query.reports.funnel_sql import attempts
from query.shapes import Percent, Shape
from query.statement import Bindings, Row

By = Literal["device", "profile", "session"]
Order = Literal["ordered", "strict", "any"]
BYS: tuple[By, ...] = get_args(By)
ORDERS: tuple[Order, ...] = get_args(Order)

MAX_NAME = 255
DEFAULT_WINDOW_SECONDS = 86_400

ENTITIES: dict[By, str] = {"device": "device_id", "profile": "profile_id", "session": "session_id"}
PRESENT: dict[By, str] = {"device": "device_id != ''", "profile": "profile_id != ''", "session": "session_id != 0"}


class RawStep(msgspec.Struct, forbid_unknown_fields=True):
    """A step as callers write it."""

    name: str
    filters: list[RawFilter] = msgspec.field(default_factory=list)


class RawFunnel(PeriodParameters, forbid_unknown_fields=True, kw_only=True, rename=PERIOD_NAMES):
    """A funnel as callers write it. `filters` hold for every step; `window_seconds` null means the whole period."""

    steps: Annotated[list[RawStep], msgspec.Meta(description=f"{FEWEST_STEPS} to {MAX_STEPS} steps.")]
    window_seconds: Annotated[
        int | None,
        msgspec.Meta(description="The most seconds from the first step to the last; null: the whole period."),
    ] = DEFAULT_WINDOW_SECONDS
    by: Annotated[str, one_of(BYS)] = "device"
    order: Annotated[str, one_of(ORDERS)] = "ordered"
    filters: list[RawFilter] = msgspec.field(default_factory=list)
    freshness: Freshness = None


@dataclass(frozen=True)
class Step:
    """An event name, and the filters on the event and its session."""

    name: str
    filters: tuple[Filter, ...]


@dataclass(frozen=True)
class Funnel:
    """2 to 10 steps within `window_seconds`, inclusive; None means the whole period."""

    steps: tuple[Step, ...]
    window_seconds: int | None
    by: By
    order: Order


def read_funnel(written: RawFunnel) -> Funnel:
    """Return a written funnel with its filters resolved. Raises `Refused` (`funnel_invalid`, `filters_invalid`)."""
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
        cast(By, choose("by", written.by, BYS)),
        cast(Order, choose("order", written.order, ORDERS)),
    )


def funnel_steps(ask: ReportContext, funnel: Funnel) -> Question:
    """Ask for `{steps: [{name, count, conversion_from_start, conversion_from_previous,
    median_seconds_from_previous}]}`.

    Rates are in percent. With order `any`, the k-th row counts who did k different steps.
    """
    bindings = Bindings()
    conditions = [_condition(ask, step, bindings) for step in funnel.steps]
    parts = [event_rows(replace(ask, filters=()), bindings), PRESENT[funnel.by]]
    if funnel.order != "strict":
        parts.append(f"({' OR '.join(conditions)})")
    window_ms = ask.period.end - ask.period.start if funnel.window_seconds is None else funnel.window_seconds * 1000
    moments = MOMENTS.format(
        entity=ENTITIES[funnel.by],
        mask=" + ".join(f"toUInt16({each}) * {1 << place}" for place, each in enumerate(conditions)),
        rows=" AND ".join(parts),
    )
    names = [(step.name, step.filters) for step in funnel.steps]
    reached = attempts(funnel.order, names, bindings.bind(window_ms, "Int64"))
    counts = ", ".join(_counts(place) for place in range(1, len(funnel.steps) + 1))
    sql = f"WITH moments AS ({moments}),\n{reached}\nSELECT {counts} FROM (SELECT reached AS times FROM attempts)"

    def shape(rows: list[Row]) -> Data:
        return {"steps": _steps(funnel, rows[0] if rows else {})}

    return Question("events", bindings.statement(sql), shape, ask.subject.zone.key)


MOMENTS = """
    SELECT {entity} AS entity, toUnixTimestamp64Milli(created_at) AS at, toUInt16({mask}) AS mask
    FROM lens.events
    WHERE {rows}
"""


def _condition(ask: ReportContext, step: Step, bindings: Bindings) -> str:
    name = f"name = {bindings.bind(step.name, 'String')}"
    if not step.filters:
        return f"({name})"
    return f"({name} AND {event_rows(replace(ask, filters=step.filters), bindings)})"


def _counts(place: int) -> str:
    count = f"countIf(length(times) >= {place}) AS count_{place}"
    if place == 1:
        return count
    seconds = f"quantileExactInclusiveIf(0.5)((times[{place}] - times[{place - 1}]) / 1000, length(times) >= {place})"
    return f"{count}, {seconds} AS median_{place}"


def _steps(funnel: Funnel, row: Row) -> list[Row]:
    counts = [row.get(f"count_{place}", 0) for place in range(1, len(funnel.steps) + 1)]
    return [
        {
            "name": step.name,
            "count": count,
            "conversion_from_start": percent(count, counts[0]),
            "conversion_from_previous": percent(count, counts[max(place - 1, 0)]),
            "median_seconds_from_previous": row[f"median_{place + 1}"] if place and count else None,
        }
        for place, (step, count) in enumerate(zip(funnel.steps, counts, strict=True))
    ]


class FunnelStep(Shape):
    """How many reached this step, and the median seconds that it took them from the step before."""

    name: str
    count: int
    conversion_from_start: Percent | None
    conversion_from_previous: Percent | None
    median_seconds_from_previous: float | None


class FunnelSteps(Shape):
    """How many reached each step."""

    steps: list[FunnelStep]


def _ask(subject: ProjectScope, written: RawFunnel, now_ms: int) -> Asked:
    funnel = read_funnel(written)
    return funnel_steps(read_ask(subject, written, now_ms), funnel), None


FUNNEL = Report(
    "funnel",
    "How many get from step to step.",
    RawFunnel,
    _ask,
    FunnelSteps,
    {"steps": [{"name": "screen_view"}, {"name": "order"}]},
    has_body=True,
)
