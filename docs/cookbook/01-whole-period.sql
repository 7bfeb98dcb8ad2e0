-- How many visitors, people and visits were there, and what did they bring?
-- lens.metrics(**period)
select
    uniqExactMerge(unique_visitors_state) as unique_visitors,
    uniqExactMerge(people_state) as people,
    sum(sessions) as total_sessions,
    sum(screen_views) as total_screen_views,
    100 * sum(bounces) / total_sessions as bounce_rate,
    sum(duration_seconds) / total_sessions as avg_session_duration,
    toFloat64(sum(revenue)) as total_revenue
from lens.metrics_daily
where project_id = {project:String} and day between {start:Date} and {end:Date}
