-- grain: one row per project, day of the session and device, browser and system
select
    project_id,
    day,
    device,
    brand,
    model,
    browser,
    browser_version,
    os,
    os_version,
    count(*) as sessions,
    count(distinct device_id) as unique_visitors,
    count(*) filter (is_bounce) as bounces,
    sum(duration_seconds) as duration_seconds,
    sum(screen_view_count) as screen_views,
    sum(event_count) as events,
    sum(revenue) as revenue
from sessions
group by all
