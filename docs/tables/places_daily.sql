-- What does a visit from each country bring?
select country, sum(sessions) as sessions, round(toFloat64(sum(revenue)) / sessions, 2) as revenue_per_session
from lens.places_daily
where project_id = {project:String} and day between {start:Date} and {end:Date}
group by country
order by sessions desc
