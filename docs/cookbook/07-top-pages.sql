-- Which pages are seen most, and for how long?
-- lens.pages(limit=5, **period)
select
    path,
    sum(views) as views,
    any(seen.unique_visitors) as unique_visitors,
    any(seen.sessions) as sessions,
    sum(seconds) / nullIf(sum(timed_views), 0) as avg_seconds
from lens.pages_daily
inner join (
    select
        path,
        uniqExactIf(device_id, device_id != '') as unique_visitors,
        uniqExactIf(session_id, session_id != 0) as sessions
    from lens.events
    where project_id = {project:String} and local_day between {start:Date} and {end:Date} and is_screen_view
    group by path
) as seen using (path)
where project_id = {project:String} and day between {start:Date} and {end:Date}
group by path
order by views desc, path
limit 5
