-- Which accounts are most active? (the demo's events name no accounts)
select type, name, event_count
from lens.groups
where project_id = {project:String}
order by event_count desc
limit 3
