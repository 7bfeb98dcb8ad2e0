-- Which pages does each channel's visitors see most?
select channel, path, views
from (
    select sessions.channel as channel, events.path as path, count() as views
    from lens.events
    join lens.sessions on sessions.project_id = events.project_id and sessions.session_id = events.session_id
    where events.project_id = {project:String} and events.local_day between {start:Date} and {end:Date}
        and events.is_screen_view
    group by channel, path
)
order by channel, views desc, path
limit 2 by channel
