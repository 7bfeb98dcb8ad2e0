-- Which cohorts are there, and how large?
select cohort_id, name, profile_count
from lens.cohorts
where project_id = {project:String}
order by cohort_id
