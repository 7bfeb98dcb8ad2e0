{{ config(tags='daily', schema='lens_staging', partition_by='day', order_by=['project_id', 'day', 'hour']) }}
-- grain: one row per project and local hour with events
--
-- It reads `int_events__valued` and `sessions`. Sessions, bounces and durations count in the hour in which the session
-- starts, everything else in the event's own hour. It also has the states of its distinct counts, from which days are
-- merged, and the first ten of the currencies whose amounts `revenue` leaves out, for the notes of answers.
-- Sessions that viewed a page are those of the rollups of entries and exits.

with events as (
    select * from {{ ref('int_events__valued') }}
    where {{ in_window('local_day') }}
),

sessions as (
    select * from {{ ref('sessions') }}
    where {{ in_window('day') }}
),

of_events as (
    select
        project_id,
        local_day as day,
        hour,
        toUInt64(countIf(is_screen_view)) as screen_views,
        count() as events,
        sum(revenue) as revenue,
        arraySlice({{ distinct_texts('left_out_currency', "left_out_currency != ''") }}, 1, 10) as left_out_currencies,
        uniqExactStateIf(device_id, device_id != '') as unique_visitors_state,
        uniqExactStateIf(profile_id, profile_id != '') as people_state
    from events
    group by project_id, day, hour
),

of_sessions as (
    select
        project_id,
        day,
        hour,
        count() as sessions,
        toUInt64(countIf(screen_view_count > 0)) as viewed_sessions,
        toUInt64(countIf(is_bounce)) as bounces,
        sum(duration_seconds) as duration_seconds
    from sessions
    group by project_id, day, hour
)

select
    of_events.project_id as project_id,
    of_events.day as day,
    of_events.hour as hour,
    finalizeAggregation(unique_visitors_state) as unique_visitors,
    finalizeAggregation(people_state) as people,
    of_sessions.sessions as sessions,
    of_events.screen_views as screen_views,
    of_events.events as events,
    of_sessions.bounces as bounces,
    of_sessions.duration_seconds as duration_seconds,
    of_events.revenue as revenue,
    of_sessions.viewed_sessions as viewed_sessions,
    of_events.left_out_currencies as left_out_currencies,
    of_events.unique_visitors_state as unique_visitors_state,
    of_events.people_state as people_state
from of_events
left join of_sessions
    on of_events.project_id = of_sessions.project_id
    and of_events.day = of_sessions.day
    and of_events.hour = of_sessions.hour
