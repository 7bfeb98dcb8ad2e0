"""The events that a funnel asks for, as the SQL of the entities that reached its steps.

Two tables can answer. `int_session_days` has a row for each session and day, with arrays of the names and times of its
events. Only `lens.events` has the other columns of events, and the ids of devices and people.
"""

from dataclasses import dataclass, replace
from typing import Literal

from event_lens.contract.columns import EVENT_COLUMNS
from event_lens.contract.filters import Filter, find_column
from query.conditions import event_rows, is_of_session_days, session_day_rows
from query.filters import column_sql
from query.report_context import ReportContext
from query.reports.funnel_sql import attempts
from query.statement import Bindings

By = Literal["device", "profile", "session"]
Order = Literal["ordered", "strict", "any"]

ENTITIES: dict[By, str] = {"device": "device_id", "profile": "profile_id", "session": "session_id"}
HASHES: dict[By, str] = {"device": "device_hash", "profile": "arrayJoin(people_of_day)", "session": "session_id"}
PRESENT: dict[By, str] = {"device": "device_id != ''", "profile": "profile_id != ''", "session": "session_id != 0"}


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
    breakdown: str = ""
    limit: int = 1


def table_of_steps(ask: ReportContext, funnel: Funnel) -> Literal["events", "sessions"]:
    """Return the name of the table that answers. It is `sessions`, which has the events of its days, if the steps have
    filters on sessions only, which must be the same for every step.
    """
    filters = funnel.steps[0].filters
    are_shared = all(step.filters == filters for step in funnel.steps)
    # An event in a session that does not match interrupts a strict attempt, so it must be read, too.
    is_plain = are_shared and not funnel.breakdown and not (filters and funnel.order == "strict")
    return "sessions" if is_plain and is_of_session_days(replace(ask, filters=filters)) else "events"


def reached_steps(ask: ReportContext, funnel: Funnel, bindings: Bindings, table: Literal["events", "sessions"]) -> str:
    """Return CTEs that end with `attempts`: the counted entities, each with the times at which it reached its steps. An
    entity is an id in `events`, and its hash (of a session: its id) in `sessions`.
    """
    source = _from_session_days if table == "sessions" else _from_events
    window_ms = ask.period.end - ask.period.start if funnel.window_seconds is None else funnel.window_seconds * 1000
    names = [(step.name, step.filters) for step in funnel.steps]
    reached = attempts(funnel.order, names, bindings.bind(window_ms, "Int64"), has_breakdown=bool(funnel.breakdown))
    return f"{source(ask, funnel, bindings)},\n{reached}"


def _from_events(ask: ReportContext, funnel: Funnel, bindings: Bindings) -> str:
    conditions = [_condition(ask, step, bindings) for step in funnel.steps]
    parts = [event_rows(replace(ask, filters=()), bindings), PRESENT[funnel.by]]
    if funnel.order != "strict":
        parts.append(f"({' OR '.join(conditions)})")
    return FROM_EVENTS.format(
        entity=ENTITIES[funnel.by],
        mask=_mask(conditions),
        broken_down=_broken_down(funnel.breakdown, bindings),
        rows=" AND ".join(parts),
    )


def _from_session_days(ask: ReportContext, funnel: Funnel, bindings: Bindings) -> str:
    filters = funnel.steps[0].filters
    mask = _mask_of_name(funnel, bindings)
    rows = SESSION_DAYS.format(
        entity=HASHES[funnel.by],
        marked=_marked_of_day(funnel, mask),
        rows=session_day_rows(replace(ask, filters=filters), bindings),
    )
    if funnel.by == "profile" and not filters:
        unbound = [event_rows(replace(ask, filters=()), bindings), "device_id = ''", PRESENT["profile"]]
        if funnel.order != "strict":
            unbound.append(f"{mask} != 0")
        rows += WITHOUT_SESSION.format(mask=mask, rows=" AND ".join(unbound))
    return FROM_SESSION_DAYS.format(rows=rows)


def _marked_of_day(funnel: Funnel, mask: str) -> str:
    """Return SQL: the events of a row of `int_session_days` that count for the entity, as in `entities`."""
    marked = f"arrayMap((name, passed) -> (first_moment + passed) * 1024 + {mask}, event_names, event_offsets)"
    if funnel.by == "profile":
        marked = f"arrayFilter((event, person) -> person = entity, {marked}, event_people)"
    return marked if funnel.order == "strict" else f"arrayFilter(event -> bitAnd(event, 1023) != 0, {marked})"


def _mask_of_name(funnel: Funnel, bindings: Bindings) -> str:
    """Return SQL: the mask of an event by its name alone, computed once for each name in a block of rows."""
    masks: dict[str, int] = {}
    for place, step in enumerate(funnel.steps):
        masks[step.name] = masks.get(step.name, 0) + (1 << place)
    names, numbers = bindings.bind(list(masks), "Array(String)"), bindings.bind(list(masks.values()), "Array(UInt16)")
    return f"transform(name, {names}, {numbers}, toUInt16(0))"


def _mask(conditions: list[str]) -> str:
    return " + ".join(f"toUInt16({each}) * {1 << place}" for place, each in enumerate(conditions))


FROM_EVENTS = """moments AS
(
    SELECT {entity} AS entity, toUnixTimestamp64Milli(created_at) AS at, toUInt16({mask}) AS mask{broken_down}
    FROM lens.events
    WHERE {rows}
),
entities AS
(
    SELECT entity, groupArray(at * 1024 + mask) AS marked FROM moments GROUP BY entity
)"""

FROM_SESSION_DAYS = """entities AS
(
    SELECT entity, groupArrayArray(marked_of_day) AS marked
    FROM
    (
        {rows}
    )
    GROUP BY entity
    HAVING notEmpty(marked)
),
moments AS
(
    SELECT entity, bitShiftRight(event, 10) AS at, toUInt16(bitAnd(event, 1023)) AS mask
    FROM entities
    ARRAY JOIN marked AS event
)"""

SESSION_DAYS = """SELECT {entity} AS entity, {marked} AS marked_of_day
        FROM lens_staging.int_session_days
        WHERE {rows}"""

# A server's events name a profile and have neither device nor session.
WITHOUT_SESSION = """
        UNION ALL
        SELECT sipHash64(profile_id) AS entity, [toUnixTimestamp64Milli(created_at) * 1024 + {mask}] AS marked_of_day
        FROM lens.events
        WHERE {rows}"""


def _broken_down(breakdown: str, bindings: Bindings) -> str:
    if not breakdown:
        return ""
    column = find_column(breakdown, EVENT_COLUMNS, "event")
    sql = column_sql(column, bindings)
    # In the text form of stored definitions: `field_texts` in `dbt_project/macros/event_filters.sql`.
    value = {"number": f"toString(toFloat64({sql}))", "flag": f"if({sql}, 'true', 'false')"}.get(
        column.kind, f"toString({sql})"
    )
    return f", toUInt128(event_id) AS event_id, received_at, {value} AS value"


def _condition(ask: ReportContext, step: Step, bindings: Bindings) -> str:
    name = f"name = {bindings.bind(step.name, 'String')}"
    if not step.filters:
        return f"({name})"
    return f"({name} AND {event_rows(replace(ask, filters=step.filters), bindings)})"
