-- Which events are there?
select name, sum(event_names_daily.events) as events, uniqCombined64Merge(unique_visitors_state) as unique_visitors
from lens.event_names_daily
where project_id = {project:String} and day between {start:Date} and {end:Date}
group by name
order by events desc
