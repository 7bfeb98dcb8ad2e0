-- grain: one row per project, day and event name
select
    project_id,
    local_day as day,
    name,
    count(*) as events,
    count(distinct nullif(device_id, '')) as unique_visitors,
    coalesce(sum(revenue) filter (is_countable), 0) as revenue
from events
group by all
