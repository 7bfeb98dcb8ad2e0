-- grain: one row per derived device and UTC day on which it goes on from yesterday's device
with firsts as (
    select *
    from seen_events
    where device_id <> ''
    qualify row_number() over (partition by project_id, device_id, utc_day order by created_at, event_id, event_key) = 1
)

select project_id, device_id, utc_day, previous_device_id
from firsts
where
    device_kind = 'derived'
    and previous_device_id not in ('', device_id)
    and exists (
        select 1
        from seen_events as before
        where
            before.project_id = firsts.project_id
            and before.device_id = firsts.previous_device_id
            and before.created_at > firsts.created_at - firsts.timeout
            and before.created_at <= firsts.created_at
    )
