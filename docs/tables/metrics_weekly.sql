-- How many visitors were there week by week?
select week, unique_visitors, sessions, revenue
from lens.metrics_weekly
where project_id = {project:String} and week between {start:Date} and {end:Date}
order by week
limit 3
