-- Who spends most?
-- lens.profiles(sort="revenue", limit=5, filters=[{"name": "is_identified", "operator": "is", "value": ["true"]}])
select profile_id, session_count, event_count, toFloat64(profiles.revenue) as revenue
from lens.profiles
where project_id = {project:String} and is_identified
order by revenue desc, profile_id
limit 5
