-- In which hours was something refused?
select hour, received, rejected
from lens.ingest_hourly
where project_id = {project:String} and day between {start:Date} and {end:Date} and rejected > 0
order by rejected desc, hour
limit 3
