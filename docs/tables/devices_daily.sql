-- On which systems do visitors bounce most?
select os, sum(sessions) as sessions, round(100 * sum(bounces) / sessions, 1) as bounce_rate
from lens.devices_daily
where project_id = {project:String} and day between {start:Date} and {end:Date}
group by os
order by bounce_rate desc
