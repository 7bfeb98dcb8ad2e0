-- On how many devices is a person seen?
select device_count, count() as people
from (
    select profile_id, uniqExact(device_id) as device_count
    from lens.identities
    where project_id = {project:String} and not startsWith(profile_id, 'device:')
    group by profile_id
)
group by device_count
order by device_count
