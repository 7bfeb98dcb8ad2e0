-- grain: one row per event that counts, with the device it belongs to
with paused as (
    select
        *,
        coalesce(
            created_at - lag(created_at) over (
                partition by project_id, device_id, utc_day order by created_at, event_id, event_key
            ) >= timeout,
            false
        ) as follows_pause
    from seen_events
),

stretched as (
    select
        *,
        sum(follows_pause::int) over (
            partition by project_id, device_id, utc_day order by created_at, event_id, event_key
        ) as pauses_before
    from paused
)

select
    stretched.* exclude (device_id, previous_device_id, follows_pause, pauses_before),
    stretched.device_id as sent_device_id,
    case
        when going_on.previous_device_id is not null and pauses_before = 0 then going_on.previous_device_id
        else stretched.device_id
    end as device_id
from stretched
left join going_on using (project_id, device_id, utc_day)
