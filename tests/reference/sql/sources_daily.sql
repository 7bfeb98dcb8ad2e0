-- grain: one row per project, day of the session and source
select
    project_id,
    day,
    referrer_name,
    referrer_type,
    utm_source,
    utm_medium,
    utm_campaign,
    utm_term,
    utm_content,
    channel,
    count(*) as sessions,
    count(distinct device_id) as unique_visitors,
    count(*) filter (is_bounce) as bounces,
    sum(duration_seconds) as duration_seconds,
    sum(screen_view_count) as screen_views,
    sum(event_count) as events,
    sum(revenue) as revenue
from sessions
group by all
