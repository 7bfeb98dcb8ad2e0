-- grain: one row per event that counts, with its session: the device and the first event's time and key
with started as (
    select
        project_id,
        device_id,
        created_at,
        event_id,
        event_key,
        last_value(if(is_session_start, created_at, null) ignore nulls) over (
            partition by project_id, device_id order by created_at, event_id, event_key
        ) as session_started_at
    from cuts
),

-- Starts at one instant are one session.
keyed as (
    select
        event_key,
        first_value(event_key) over (
            partition by project_id, device_id, session_started_at order by created_at, event_id, event_key
        ) as session_key
    from started
),

firsts as (
    select event_key as session_key, created_at as session_started_at, local_day as session_day from people_events
)

select
    people_events.*,
    coalesce(session_key = people_events.event_key, false) as is_session_start,
    session_key,
    session_started_at,
    coalesce(session_day, date '1970-01-01') as session_day
from people_events
left join keyed on keyed.event_key = people_events.event_key
left join firsts using (session_key)
