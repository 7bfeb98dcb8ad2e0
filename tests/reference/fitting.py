"""Which rows fit a list of filters, in DuckDB's words."""

import json
from typing import Any

import duckdb

LISTS = {"groups"}
NUMBERS = {"revenue", "screen_width", "screen_height", "session_count", "event_count"}
FLAGS = {"is_identified", "is_screen_view"}
SIGNS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
POSITIVE = {"isNot": "is", "doesNotContain": "contains", "isNotNull": "isNull"}

# Every list of filters of a definition, with the events or profiles to which it applies.
EVENT_FILTERS = """
    select distinct project_id, name, filters from (
        select project_id, name, filters from funnel_steps
        union all
        select project_id, event_name, coalesce(nullif(filters, ''), '[]') from raw.goal_definitions
        union all
        select project_id, event, filters from cohort_criteria where event is not null
    )
"""
PROFILE_FILTERS = "select distinct project_id, filters from cohort_criteria where event is null"


def fit_events(reference: duckdb.DuckDBPyConnection) -> None:
    """Make `event_fits (filters, event_key)`: the events of the asked name that fit a list of filters."""
    reference.execute(f"create table event_filters as {EVENT_FILTERS}")
    reference.execute("create table event_fits (filters varchar, event_key bigint)")
    for (filters,) in reference.execute("select distinct filters from event_filters").fetchall():
        reference.execute(
            f"""insert into event_fits select distinct event_filters.filters, event_key
            from events inner join event_filters using (project_id, name)
            where event_filters.filters = ? and {condition(filters)}""",
            [filters],
        )


def fit_profiles(reference: duckdb.DuckDBPyConnection) -> None:
    """Make `profile_fits (filters, project_id, profile_id, moment)`: who fitted by what was known at which instant."""
    reference.execute(f"create table profile_filters as {PROFILE_FILTERS}")
    reference.execute(
        "create table profile_fits (filters varchar, project_id varchar, profile_id varchar, moment timestamp)"
    )
    for (filters,) in reference.execute("select distinct filters from profile_filters").fetchall():
        reference.execute(
            f"""insert into profile_fits select profile_filters.filters, project_id, profile_id, moment
            from profile_states inner join profile_filters using (project_id)
            where profile_filters.filters = ? and {condition(filters, is_flat=True)}""",
            [filters],
        )


def break_down(reference: duckdb.DuckDBPyConnection) -> None:
    """Make `broken_down (project_id, funnel_id, event_key, breakdown_value)` for the events that fit a first step."""
    reference.execute("""create table broken_down
        (project_id varchar, funnel_id varchar, event_key bigint, breakdown_value varchar)""")
    for (breakdown,) in reference.execute("select distinct breakdown from funnel_fits").fetchall():
        reference.execute(
            f"""insert into broken_down select distinct project_id, funnel_id, event_key, {_value(breakdown)}
            from funnel_fits inner join (select * exclude (event_id, local_day, project_id, name) from events) as events
                using (event_key)
            where breakdown = ?""",
            [breakdown],
        )


def condition(filters: str, *, is_flat: bool = False) -> str:
    """The SQL of a JSON list of filters, true or false for every row; `is_flat` where properties lie by dotted path."""
    judged = [_judged(is_flat, **each) for each in json.loads(filters)]
    return " and ".join(judged) or "true"


def _judged(is_flat: bool, name: str, operator: str, value: list[str]) -> str:
    positive = POSITIVE.get(operator, operator)
    if name in LISTS:
        alternatives = [f"len({name}) = 0"]
        if positive != "isNull":
            alternatives = [f"len([item for item in {name} if {_text('item', positive, each)}]) > 0" for each in value]
    elif name in NUMBERS:
        alternatives = [f"{name} = 0"]
        if positive != "isNull":
            alternatives = [f"{name}::double {SIGNS.get(positive, '=')} {float(each)!r}" for each in value]
    elif name in FLAGS:
        alternatives = [f"{name} = {each}" for each in value]
    else:
        alternatives = [_text(_value(name, is_flat), positive, each) for each in value or [""]]
    fits = f"coalesce({' or '.join(alternatives)}, false)"
    return f"not {fits}" if operator in POSITIVE else fits


def _text(text: str, operator: str, value: str) -> str:
    if operator in SIGNS:
        return f"try_cast({text} as double) {SIGNS[operator]} {float(value)!r}"
    quoted = _quoted(value)
    return {
        "is": f"{text} = {quoted}",
        "contains": f"contains({text}, {quoted})",
        "startsWith": f"starts_with({text}, {quoted})",
        "endsWith": f"ends_with({text}, {quoted})",
        "regex": f"regexp_matches({text}, {quoted})",
        "isNull": f"{text} = ''",
    }[operator]


def _value(name: str, is_flat: bool = False) -> str:
    """A column or property as text; empty where there is none."""
    if not name.startswith("properties."):
        return f"{name}::varchar" if name else "''"
    property = name.removeprefix("properties.")
    path = f'"{property}"' if is_flat else ".".join(f'"{part}"' for part in property.split("."))
    return f"coalesce(properties ->> {_quoted(f'$.{path}')}, '')"


def _quoted(text: Any) -> str:
    return "'" + str(text).replace("'", "''") + "'"
