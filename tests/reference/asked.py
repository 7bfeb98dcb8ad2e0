"""Questions again, by DuckDB over the reference's events and sessions, from docs/api.md and the glossary alone."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import duckdb

NEGATIVE = {"isNot": "is", "doesNotContain": "contains", "isNotNull": "isNull"}
SIGNS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
SESSION = {
    *("referrer_name", "utm_source", "utm_campaign", "country", "city", "browser", "os", "device", "channel"),
    *("entry_path", "exit_path", "is_bounce", "duration_seconds", "screen_view_count", "event_count"),
}
NUMBERS = {"revenue", "duration_seconds", "screen_view_count", "event_count"}
FLAGS = {"is_bounce", "is_identified", "is_screen_view"}


@dataclass(frozen=True)
class Filter:
    """A filter as it is asked."""

    name: str
    operator: str
    value: tuple[str, ...] = ()

    @property
    def is_of_session(self) -> bool:
        return self.name in SESSION


@dataclass(frozen=True)
class Asked:
    """The days of a project, inclusive, and the filters; `interval` is None for the whole."""

    project_id: str
    currency: str
    first: date
    last: date
    filters: tuple[Filter, ...] = ()
    interval: str | None = None

    def narrowed(self, name: str, value: str) -> "Asked":
        """The same of the rows where the column has the value."""
        return replace(self, filters=(*self.filters, Filter(name, "is", (value,))))


def expected(reference: duckdb.DuckDBPyConnection, asked: Asked) -> dict[date | None, dict[str, Any]]:
    """The metrics by the first day of each bucket that has something; by None for the whole."""
    values: list[Any] = []
    of_event = " and ".join(["true", *(_holds("e", each, values) for each in asked.filters if not each.is_of_session)])
    event_values, values = values, []
    of_session = " and ".join(["true", *(_holds("s", each, values) for each in asked.filters if each.is_of_session)])
    session_values, has_session_filters = values, of_session != "true"
    bucket = f"date_trunc('{asked.interval}', {{day}})::date" if asked.interval else "null::date"
    in_session = f"and session_id in (select session_id from sessions s where project_id = $project and {of_session})"
    countable = f"upper(e.currency) in ('', '{asked.currency}')"
    rows = reference.execute(
        _numbered(f"""
            select {bucket.format(day="local_day")} as bucket, count(distinct nullif(device_id, '')),
                count(distinct nullif(profile_id, '')), count(*) filter (is_screen_view), count(*),
                coalesce(sum(revenue) filter ({countable}), 0)
            from events e
            where project_id = $project and local_day between $first and $last and {of_event}
                {in_session if has_session_filters else ""}
            group by all"""),
        _named(asked, [*event_values, *(session_values if has_session_filters else [])]),
    ).fetchall()
    has_event_filters = of_event != "true"
    with_event = f"and session_id in (select session_id from events e where project_id = $project and {of_event})"
    starts = reference.execute(
        _numbered(f"""
            select {bucket.format(day="day")} as bucket, count(*), count(*) filter (is_bounce), sum(duration_seconds)
            from sessions s
            where project_id = $project and day between $first and $last and {of_session}
                {with_event if has_event_filters else ""}
            group by all"""),
        _named(asked, [*session_values, *(event_values if has_event_filters else [])]),
    ).fetchall()
    answer: dict[date | None, dict[str, Any]] = {}
    counted = {row[0]: row[1:] for row in rows}
    begun = {row[0]: row[1:] for row in starts}
    for key in {*counted, *begun}:
        visitors, people, views, events, revenue = counted.get(key, (0, 0, 0, 0, 0))
        sessions, bounces, seconds = begun.get(key, (0, 0, 0))
        answer[key] = {
            "unique_visitors": visitors,
            "people": people,
            "total_sessions": sessions,
            "total_screen_views": views,
            "total_events": events,
            "avg_session_duration": float(seconds) / sessions if sessions else None,
            "bounce_rate": 100 * bounces / sessions if sessions else None,
            "views_per_session": views / sessions if sessions else None,
            "total_revenue": float(revenue),
        }
    return answer


def _holds(table: str, filter: Filter, values: list[Any]) -> str:
    """The condition of a filter; a `?` for each of its values."""
    positive = NEGATIVE.get(filter.operator, filter.operator)
    column = f"{table}.{filter.name}"
    is_text = filter.name not in NUMBERS | FLAGS
    if filter.name.startswith("properties."):
        column = f"""coalesce(json_extract_string({table}.properties, '$."{filter.name.partition(".")[2]}"'), '')"""
    if positive == "isNull":
        holds = f"{column} = ''" if is_text else f"{column} = 0"
    else:
        values += [_value(each, positive, is_text) for each in filter.value]
        tests = {
            "is": "{column} = ?" if is_text else "{column}::double = ?::double",
            "contains": "contains({column}, ?)",
            "startsWith": "starts_with({column}, ?)",
            "endsWith": "ends_with({column}, ?)",
            "regex": "regexp_matches({column}, ?)",
            **{
                name: f"coalesce(try_cast({{column}} as double) {sign} ?::double, false)"
                for name, sign in SIGNS.items()
            },
        }
        if filter.name in FLAGS:
            tests["is"] = "{column} = ?"
        holds = " or ".join(tests[positive].format(column=column) for _ in filter.value)
    return f"not ({holds})" if filter.operator in NEGATIVE else f"({holds})"


def _value(text: str, operator: str, is_text: bool) -> Any:
    if text in ("true", "false") and not is_text:
        return text == "true"
    return float(text) if operator in SIGNS or not is_text else text


def _numbered(sql: str) -> str:
    """Named parameters in the place of `?`, for DuckDB takes one kind in a statement."""
    first, *rest = sql.split("?")
    return first + "".join(f"$value_{number}{part}" for number, part in enumerate(rest))


def _named(asked: Asked, values: Sequence[Any]) -> dict[str, Any]:
    common = {"project": asked.project_id, "first": asked.first, "last": asked.last}
    return common | {f"value_{number}": value for number, value in enumerate(values)}
