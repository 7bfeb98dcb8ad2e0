-- Who became a buyer first?
select profile_id, joined_at
from lens.cohort_members
where project_id = {project:String} and cohort_id = 'buyers'
order by joined_at
limit 3
