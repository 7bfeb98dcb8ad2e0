-- grain: one row per funnel, step and event that fits it
select
    funnel_steps.*,
    events.event_key,
    events.event_id,
    events.created_at as moment,
    events.local_day,
    case counted_by
        when 'device' then device_id
        when 'profile' then profile_id
        else session_key::varchar
    end as entity
from funnel_steps
inner join events using (project_id, name)
inner join event_fits on event_fits.filters = funnel_steps.filters and event_fits.event_key = events.event_key
where coalesce(entity, '') <> ''
