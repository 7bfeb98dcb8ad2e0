-- grain: one row per project, day of the session and place
select
    project_id,
    day,
    country,
    region,
    city,
    count(*) as sessions,
    count(distinct device_id) as unique_visitors,
    count(*) filter (is_bounce) as bounces,
    sum(duration_seconds) as duration_seconds,
    sum(screen_view_count) as screen_views,
    sum(event_count) as events,
    sum(revenue) as revenue
from sessions
group by all
