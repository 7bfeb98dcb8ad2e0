-- Which goals are defined?
select goal_id, name, event_name
from lens.goals
where project_id = {project:String}
order by goal_id
