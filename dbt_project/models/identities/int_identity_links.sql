{{ config(
    tags='facts', schema='lens_staging', partition_by='toYYYYMM(local_day)',
    order_by=['project_id', 'device_id', 'linked_at']
) }}
-- grain: one row per device and moment of a local day at which it is linked to another profile than just before
--
-- It reads events that name both a device and a profile, and the operations identify and alias. The first link of a day
-- is always kept, so the row of a day does not depend on earlier days. A device of kind `server` is linked to nothing.
-- If a derived device goes on from another one on a day, its links of that day link the other device, too.

with events as (
    select project_id, local_day, sent_device_id as device_id, device_kind, profile_id, created_at, received_at, event_id
    from {{ ref('int_events__sessionized') }}
    where {{ in_window('local_day') }}
),

operations as (
    select project_id, local_day, device_id, device_kind, profile_id, created_at, received_at, event_id
    from {{ ref('int_operations') }}
    where {{ in_window('local_day') }} and operation in ('identify', 'alias')
),

sent as (
    select * from (select * from events union all select * from operations)
    where device_id != '' and profile_id != '' and device_kind != 'server'
),

-- A local day lies within three UTC days.
handovers as (
    select project_id, utc_day, device_id, previous_device_id from {{ ref('int_device_handovers') }}
    where {{ in_window('utc_day', before=1, after=1) }}
),

links as (
    select
        sent.project_id as project_id,
        sent.local_day as local_day,
        arrayJoin(if(handovers.device_id = '', [sent.device_id], [sent.device_id, previous_device_id])) as device_id,
        sent.profile_id as profile_id,
        sent.created_at as created_at,
        sent.received_at as received_at,
        sent.event_id as event_id
    from sent
    left join handovers
        on sent.project_id = handovers.project_id
        and sent.device_id = handovers.device_id
        and toDate(sent.created_at) = handovers.utc_day
),

lagged as (
    select
        *,
        lagInFrame(profile_id) over (
            partition by project_id, local_day, device_id order by created_at, toUInt128(event_id), received_at
            rows between 1 preceding and current row
        ) as previous_profile_id
    from links
)

select
    project_id,
    local_day,
    device_id,
    profile_id,
    created_at as linked_at,
    received_at,
    event_id
from lagged
where profile_id != previous_profile_id
