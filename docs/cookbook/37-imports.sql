-- What did an import bring, and what would the numbers be without it?
select
    toMonday(local_day) as week,
    count() as events,
    countIf(import_id = '') as without_imports,
    uniqExactIf(device_id, import_id != '' and device_id != '') as imported_devices
from lens.events
where project_id = {project:String} and local_day between {start:Date} and {end:Date}
group by week
having events > without_imports
order by week
