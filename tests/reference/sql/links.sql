-- grain: one row per link between a device and a profile
with sent as (
    select project_id, device_id, profile_id, created_at, received_at, event_id
    from counted_operations
    where operation in ('identify', 'alias') and device_kind <> 'server'
    union all
    select project_id, sent_device_id, profile_id, created_at, received_at, event_id
    from device_events
    where device_kind <> 'server'
),

made as (
    select * from sent where device_id <> '' and profile_id <> ''
)

select * from made
union all
select
    made.project_id, going_on.previous_device_id, profile_id, created_at, received_at, event_id
from made
inner join going_on
    on going_on.project_id = made.project_id
    and going_on.device_id = made.device_id
    and going_on.utc_day = made.created_at::date
