-- Which funnels are defined?
select funnel_id, name, step_names
from lens.funnels
where project_id = {project:String}
order by funnel_id
