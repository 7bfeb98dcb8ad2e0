-- How many visitors, people and visits were there, and what did they bring?
-- lens.metrics(**period)
with in_period as (
    select device_id, profile_id from lens.events
    where project_id = {project:String} and local_day between {start:Date} and {end:Date}
)
select
    (select uniqExactIf(device_id, device_id != '') from in_period) as unique_visitors,
    (select uniqExactIf(profile_id, profile_id != '') from in_period) as people,
    sum(sessions) as total_sessions,
    sum(screen_views) as total_screen_views,
    100 * sum(bounces) / total_sessions as bounce_rate,
    sum(duration_seconds) / total_sessions as avg_session_duration,
    toFloat64(sum(revenue)) as total_revenue
from lens.metrics_daily
where project_id = {project:String} and day between {start:Date} and {end:Date}
