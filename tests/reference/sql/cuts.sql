-- grain: one row per event of a device, with what starts a session at it
with looked_back as (
    select
        project_id,
        device_id,
        created_at,
        event_id,
        event_key,
        local_day,
        timeout,
        client_session_id,
        lag(created_at) over device as before_at,
        last_value(nullif(client_session_id, '') ignore nulls) over before as last_client_session_id,
        last_value(if(client_session_id = '', null, local_day) ignore nulls) over before as last_client_session_day,
        lag(local_day) over device is distinct from local_day as is_first_of_day
    from people_events
    where device_id <> ''
    window
        device as (partition by project_id, device_id order by created_at, event_id, event_key),
        before as (
            partition by project_id, device_id order by created_at, event_id, event_key
            rows between unbounded preceding and 1 preceding
        )
),

cut as (
    select
        *,
        before_at is null or created_at - before_at >= timeout
        or (
            client_session_id <> ''
            and coalesce(last_client_session_day >= local_day - 1 and last_client_session_id <> client_session_id, false)
        ) as is_cut
    from looked_back
),

cut_days as (
    select distinct project_id, device_id, local_day + 1 as next_day from cut where is_cut
)

select
    cut.project_id,
    cut.device_id,
    cut.created_at,
    cut.event_id,
    cut.event_key,
    is_cut or (is_first_of_day and cut_days.next_day is null) as is_session_start
from cut
left join cut_days
    on cut_days.project_id = cut.project_id
    and cut_days.device_id = cut.device_id
    and cut_days.next_day = cut.local_day
