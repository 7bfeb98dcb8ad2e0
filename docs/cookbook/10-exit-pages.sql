-- Where do visits end?
-- lens.pages_exit(limit=5, **period)
select path, sum(sessions) as sessions, 100 * sum(bounces) / sessions as bounce_rate
from lens.exit_pages_daily
where project_id = {project:String} and day between {start:Date} and {end:Date}
group by path
order by sessions desc, path
limit 5
