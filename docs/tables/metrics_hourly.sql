-- And the busiest hours?
select toTimeZone(hour, 'Europe/Berlin') as local_hour, unique_visitors, sessions
from lens.metrics_hourly
where project_id = {project:String} and day between {start:Date} and {end:Date}
order by unique_visitors desc, hour
limit 3
