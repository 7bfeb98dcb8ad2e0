-- Which countries do visitors come from?
-- lens.geo(**period)
select country, sum(sessions) as sessions, uniqCombined64Merge(unique_visitors_state) as unique_visitors
from lens.places_daily
where project_id = {project:String} and day between {start:Date} and {end:Date}
group by country
order by sessions desc, country
