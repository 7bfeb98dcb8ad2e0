-- Which were the longest visits?
select started_at, duration_seconds, screen_view_count, entry_path, exit_path, channel
from lens.sessions
where project_id = {project:String} and day between {start:Date} and {end:Date}
order by duration_seconds desc, session_id
limit 3
