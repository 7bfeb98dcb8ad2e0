-- grain: one row per project, day and path on which sessions began
select
    project_id,
    day,
    entry_path as path,
    count(*) as sessions,
    count(distinct device_id) as unique_visitors,
    count(*) filter (is_bounce) as bounces,
    sum(duration_seconds) as duration_seconds
from sessions
where screen_view_count > 0
group by all
