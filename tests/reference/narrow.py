"""The private tables that answer in the place of larger ones, against the reference: every row of every column."""

from collections.abc import Sequence

import duckdb

from event_lens.warehouse.client import Warehouse

RETURNS = """
    select project_id, day, previous_day, devices, people from lens_staging.int_returns
    where project_id in {projects:Array(String)}
"""
RETURNS_SAID = """
    with days as (
        select distinct project_id, local_day, device_id as entity, true as is_device from events
        where coalesce(device_id, '') <> ''
        union all
        select distinct project_id, local_day, profile_id, false from events where coalesce(profile_id, '') <> ''
    ),
    followed as (
        select *, lag(local_day) over (partition by project_id, is_device, entity order by local_day) as previous_day
        from days
    )
    select project_id, local_day, coalesce(previous_day, date '1970-01-01'),
        count(*) filter (is_device), count(*) filter (not is_device)
    from followed group by all
"""
SESSION_DAYS = """
    select project_id, local_day, count(), uniqExact(session_id), uniqExact(device_hash), uniqExactArray(people_of_day),
        countIf(is_lasting), sum(views_of_day), sum(events_of_day), sum(revenue_of_day)
    from lens_staging.int_session_days where project_id in {projects:Array(String)} group by project_id, local_day
"""
SESSION_DAYS_SAID = """
    with lasting as (
        select project_id, local_day, count(distinct session_key) as sessions from events
        where session_key is not null and (is_identified or device_kind <> 'derived') group by all
    )
    select project_id, local_day, count(distinct session_key), count(distinct session_key), count(distinct device_id),
        count(distinct nullif(profile_id, '')), coalesce(any_value(lasting.sessions), 0),
        count(*) filter (is_screen_view), count(*), coalesce(sum(revenue) filter (is_countable), 0)
    from events left join lasting using (project_id, local_day)
    where session_key is not null group by all
"""
# The events of each session and day, in order.
SEQUENCES = """
    select project_id, local_day, arrayStringConcat(event_names, ' '), arrayStringConcat(event_paths, ' '),
        arrayStringConcat(arrayMap(passed -> toString(first_moment + passed), event_offsets), ' '),
        arraySum(event_are_views), length(arrayDistinct(event_people)), length(event_people), arraySum(event_revenues),
        count()
    from lens_staging.int_session_days where project_id in {projects:Array(String)} group by all
"""
SEQUENCES_SAID = """
    select project_id, local_day, event_names, event_paths, event_moments, views, people, events, revenue, count(*)
    from (
        select project_id, local_day,
            string_agg(name, ' ' order by created_at, event_id, received_at) as event_names,
            string_agg(path, ' ' order by created_at, event_id, received_at) as event_paths,
            string_agg(epoch_ms(created_at), ' ' order by created_at, event_id, received_at) as event_moments,
            count(*) filter (is_screen_view) as views, count(distinct profile_id) as people, count(*) as events,
            coalesce(sum(revenue) filter (is_countable), 0) as revenue
        from events where session_key is not null group by project_id, local_day, session_key
    )
    group by all
"""
SESSIONS = """
    select project_id, local_day, count(), sum(duration_seconds), countIf(is_bounce), uniqExact(browser, entry_path)
    from lens_staging.int_session_days
    where project_id in {projects:Array(String)} and is_first_day group by project_id, local_day
"""
SESSIONS_SAID = """
    select project_id, day, count(*), sum(duration_seconds), count(*) filter (is_bounce),
        count(distinct (browser, entry_path))
    from sessions group by all
"""
# The columns of sessions, on each of a session's days.
COPIED = """
    select days.project_id, days.local_day, days.session_id
    from lens_staging.int_session_days as days left join lens.sessions as visits using (project_id, session_id)
    where project_id in {{projects:Array(String)}} and sipHash64({copies}) != sipHash64({originals})
"""
# Each visit, with the day of the device's previous visit with the same value.
VISITS = """
    select project_id, dimension, arrayStringConcat(texts, ' | '), day, previous_day, visits, bounces
    from lens_staging.int_value_visits where project_id in {projects:Array(String)}
"""
# Of each page and day or week of a month: views, visitors, and visits that began and ended with it.
PAGE_VISITS = """
    select project_id, path, is_week, day, sum(views), sumIf(visits, previous_day < day), sum(entries),
        sumIf(entries, previous_day < day), sum(entry_bounces), sum(exits), sum(exit_bounces)
    from lens_staging.int_page_visits where project_id in {projects:Array(String)}
    group by all having sum(views) + sum(entries) + sum(exits) > 0
"""
PAGE_VISITS_SAID = """
    with facts as (
        select project_id, path, local_day as day, nullif(device_id, '') as viewer, 1 as view,
            null as enterer, 0 as entry, 0 as entry_bounce, 0 as exit, 0 as exit_bounce
        from events where is_screen_view
        union all
        select project_id, entry_path, day, null, 0, device_id, 1, is_bounce::int, 0, 0
        from sessions where screen_view_count > 0
        union all
        select project_id, exit_path, day, null, 0, null, 0, 0, 1, is_bounce::int
        from sessions where screen_view_count > 0
    ),
    spans as (
        select *, false as is_week, day as first_day from facts
        union all
        select *, true, day - (extract(day from day)::int - 1) % 7 from facts
    )
    select project_id, path, is_week, first_day, sum(view), count(distinct viewer), sum(entry),
        count(distinct enterer), sum(entry_bounce), sum(exit), sum(exit_bounce)
    from spans group by all
"""
VISITS_SAID = """
    with visits as (
        {of_sessions}
        union all
        select distinct events.project_id, 'path', path, local_day, events.device_id, is_bounce, session_key
        from events join sessions using (project_id, session_key) where is_screen_view
        union all
        select distinct events.project_id, 'events', name, local_day, events.device_id, is_bounce, session_key
        from events join sessions using (project_id, session_key)
    ),
    followed as (
        select *, coalesce(lag(day) over (
            partition by project_id, dimension, texts, device_id order by day, is_bounce
        ), date '1970-01-01') as previous_day
        from visits
    )
    select project_id, dimension, texts, day, previous_day, count(*), count(*) filter (is_bounce)
    from followed group by all
"""
VISITS_OF_SESSIONS = """
    select project_id, '{dimension}' as dimension, concat_ws(' | ', {columns}) as texts, day, device_id, is_bounce,
        session_key
    from sessions where {condition}
"""
DIMENSIONS = {
    "referrers": ("referrer_name, referrer_type", "true"),
    "utm": (
        "utm_source, utm_medium, utm_campaign, utm_term, utm_content",
        "utm_source || utm_medium || utm_campaign || utm_term || utm_content <> ''",
    ),
    "devices": ("device", "true"),
    "browsers": ("browser", "true"),
    "os": ("os", "true"),
    "country": ("country", "true"),
    "region": ("country, region", "true"),
    "city": ("country, region, city", "true"),
    "entry_pages": ("entry_path", "screen_view_count > 0"),
    "exit_pages": ("exit_path", "screen_view_count > 0"),
}
# Visitors and sessions of all days together.
PAGES = """
    select project_id, path, uniqExactArray(visitors), sum(sessions) - sum(continued_sessions)
    from lens_staging.int_pages_daily where project_id in {projects:Array(String)} group by project_id, path
"""
PAGES_SAID = """
    select project_id, path, count(distinct nullif(device_id, '')), count(distinct session_key)
    from events where is_screen_view group by all
"""


def wrongly_narrowed(
    warehouse: Warehouse, reference: duckdb.DuckDBPyConnection, project_ids: Sequence[str]
) -> list[str]:
    """A line for each row that is on one side only."""
    lines = [
        f"int_session_days: has not the session's columns: {row}" for row in _wrongly_copied(warehouse, project_ids)
    ]
    for table, asked, said in (
        ("int_returns", RETURNS, RETURNS_SAID),
        ("int_session_days", SESSION_DAYS, SESSION_DAYS_SAID),
        ("int_session_days", SEQUENCES, SEQUENCES_SAID),
        ("int_session_days", SESSIONS, SESSIONS_SAID),
        ("int_pages_daily", PAGES, PAGES_SAID),
        ("int_value_visits", VISITS, VISITS_SAID.format(of_sessions=_visits_of_sessions())),
        ("int_page_visits", PAGE_VISITS, PAGE_VISITS_SAID),
    ):
        rows = {tuple(row.values()) for row in warehouse.rows(asked, {"projects": list(project_ids)})}
        expected = set(reference.execute(said).fetchall())
        lines += [f"{table}: should not be there: {row}" for row in sorted(rows - expected)]
        lines += [f"{table}: is missing: {row}" for row in sorted(expected - rows)]
    return lines


def _visits_of_sessions() -> str:
    return " union all ".join(
        VISITS_OF_SESSIONS.format(dimension=dimension, columns=columns, condition=condition)
        for dimension, (columns, condition) in DIMENSIONS.items()
    )


def _wrongly_copied(warehouse: Warehouse, project_ids: Sequence[str]) -> list[tuple[object, ...]]:
    days, visits = (
        {row["name"] for row in warehouse.rows(f"describe table {table}")}
        for table in ("lens_staging.int_session_days", "lens.sessions")
    )
    shared = sorted(days & visits - {"project_id", "session_id"})
    assert {"browser", "entry_path", "exit_path", "is_bounce"} <= set(shared)
    copies, originals = (", ".join(f"{alias}.{name}" for name in shared) for alias in ("days", "visits"))
    asked = COPIED.format(copies=copies, originals=originals)
    return [tuple(row.values()) for row in warehouse.rows(asked, {"projects": list(project_ids)})]
