-- Which events are there?
select name, sum(event_names_daily.events) as events, toFloat64(sum(event_names_daily.revenue)) as revenue
from lens.event_names_daily
where project_id = {project:String} and day between {start:Date} and {end:Date}
group by name
order by events desc
