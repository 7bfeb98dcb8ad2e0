-- Which retentions are defined?
select retention_id, name, start_event, return_event
from lens.retentions
where project_id = {project:String}
order by retention_id
