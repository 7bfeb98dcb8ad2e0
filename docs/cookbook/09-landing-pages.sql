-- Where do visits begin, and how many leave at once?
-- lens.pages_entry(limit=5, **period)
select
    path,
    sum(sessions) as sessions,
    uniqCombined64Merge(unique_visitors_state) as unique_visitors,
    100 * sum(bounces) / sessions as bounce_rate
from lens.entry_pages_daily
where project_id = {project:String} and day between {start:Date} and {end:Date}
group by path
order by sessions desc, path
limit 5
