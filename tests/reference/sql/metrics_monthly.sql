-- grain: one row per project and calendar month with events
with of_events as (
    select
        project_id,
        date_trunc('month', local_day)::date as month,
        count(distinct nullif(device_id, '')) as unique_visitors,
        count(distinct nullif(profile_id, '')) as people,
        count(*) filter (is_screen_view) as screen_views,
        count(*) as events,
        coalesce(sum(revenue) filter (is_countable), 0) as revenue
    from events
    group by all
),

of_sessions as (
    select
        project_id,
        date_trunc('month', day)::date as month,
        count(*) as sessions,
        count(*) filter (is_bounce) as bounces,
        sum(duration_seconds) as duration_seconds
    from sessions
    group by all
)

select
    of_events.*,
    coalesce(sessions, 0) as sessions,
    coalesce(bounces, 0) as bounces,
    coalesce(duration_seconds, 0) as duration_seconds
from of_events
left join of_sessions using (project_id, month)
