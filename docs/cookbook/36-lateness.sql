-- How late do events come?
with delays as (
    select greatest(0, age('second', created_at, received_at)) as seconds
    from lens.events
    where project_id = {project:String} and local_day between {start:Date} and {end:Date} and import_id = ''
)
select
    multiIf(seconds < 60, 0, seconds < 3600, 60, seconds < 86400, 3600, 86400) as from_seconds,
    count() as events,
    round(100 * events / sum(events) over (), 1) as share
from delays
group by from_seconds
order by from_seconds
