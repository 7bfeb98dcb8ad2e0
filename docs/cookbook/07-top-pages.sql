-- Which pages are seen most, and for how long?
-- lens.pages(limit=5, **period)
select
    path,
    sum(views) as views,
    uniqCombined64Merge(unique_visitors_state) as unique_visitors,
    uniqCombined64Merge(sessions_state) as sessions,
    sum(seconds) / nullIf(sum(timed_views), 0) as avg_seconds
from lens.pages_daily
where project_id = {project:String} and day between {start:Date} and {end:Date}
group by path
order by views desc, path
limit 5
