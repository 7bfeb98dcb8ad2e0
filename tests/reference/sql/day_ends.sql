-- grain: one row per local day of an event, with the instant at which it has ended
select distinct
    events.project_id,
    events.local_day,
    timezone('UTC', timezone(settings.timezone, (events.local_day + 1)::timestamp)) as ended_at
from events
inner join settings using (project_id)
