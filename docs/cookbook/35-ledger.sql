-- What became of everything that was received?
-- lens.ingest(interval="week", **period)
select
    toMonday(day) as date,
    sum(received) as received,
    sum(accepted) as accepted,
    sum(duplicate) as duplicate,
    sum(bot) as bot,
    sum(rejected) as rejected
from lens.ingest_hourly
where project_id = {project:String} and day between {start:Date} and {end:Date}
group by date
order by date
