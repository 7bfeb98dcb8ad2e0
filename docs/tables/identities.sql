-- How many devices belong to a person that is known?
select not startsWith(profile_id, 'device:') as is_known, uniqExact(device_id) as devices
from lens.identities
where project_id = {project:String}
group by is_known
order by is_known
