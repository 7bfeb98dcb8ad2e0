-- Which were the best days?
select day, unique_visitors, sessions, revenue
from lens.metrics_daily
where project_id = {project:String} and day between {start:Date} and {end:Date}
order by unique_visitors desc, day
limit 3
