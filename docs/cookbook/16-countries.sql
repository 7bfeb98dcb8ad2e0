-- Which countries do visitors come from?
-- lens.geo(**period)
select country, count() as sessions, uniqExact(device_id) as unique_visitors
from lens.sessions
where project_id = {project:String} and day between {start:Date} and {end:Date}
group by country
order by sessions desc, country
