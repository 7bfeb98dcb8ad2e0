-- At which hours of the day do visits happen?
select
    toHour(toTimeZone(hour, 'Europe/Berlin')) as local_hour,
    sum(sessions) as sessions,
    round(100 * sessions / sum(sessions) over (), 1) as share
from lens.metrics_hourly
where project_id = {project:String} and day between {start:Date} and {end:Date}
group by local_hour
order by sessions desc, local_hour
limit 6
