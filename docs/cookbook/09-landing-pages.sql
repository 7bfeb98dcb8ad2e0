-- Where do visits begin, and how many leave at once?
-- lens.pages_entry(limit=5, **period)
select
    entry_path as path,
    count() as sessions,
    uniqExact(device_id) as unique_visitors,
    100 * countIf(is_bounce) / sessions as bounce_rate
from lens.sessions
where project_id = {project:String} and day between {start:Date} and {end:Date} and screen_view_count > 0
group by path
order by sessions desc, path
limit 5
