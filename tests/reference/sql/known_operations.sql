-- grain: one row per instant of a profile and operation of it by then
select moment, profile_operations.*
from profile_operations
inner join profile_instants using (project_id, profile_id)
where created_at <= moment
