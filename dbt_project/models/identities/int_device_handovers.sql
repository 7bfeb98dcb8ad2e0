{{ config(
    tags='facts', schema='lens_staging', partition_by='toYYYYMM(utc_day)', order_by=['project_id', 'device_id']
) }}
-- grain: one row per derived device and UTC day on which it goes on from the device it was under the salt before
--
-- It does when its first event of the day names that device and that one has an event less than the timeout before; its
-- events up to `last_at`, the last one before its first pause, are then the other device's. Ids are as sent, so it is one
-- hop.

with named as (
    select project_id, device_id, previous_device_id from {{ ref('stg_events') }}
    where {{ in_raw_window(before=1) }} and device_kind = 'derived' and previous_device_id != ''
),

copies as (
    select project_id, batch_id, batch_row from {{ ref('int_event_copies') }}
    where {{ in_window('day', before=2, after=1) }}
),

counted as (
    select
        project_id, event_id, device_id, device_kind, previous_device_id, created_at, received_at, day,
        session_timeout_seconds
    from {{ ref('stg_events') }}
    where {{ in_raw_window(before=1) }}
        and (project_id, device_id) in (
            select project_id, arrayJoin([device_id, previous_device_id]) from named
        )
        and name not in ('session_start', 'session_end')
        and not is_bot
        and (project_id, batch_id, batch_row) not in (select project_id, batch_id, batch_row from copies)
),

device_days as (
    select
        project_id,
        day as utc_day,
        device_id,
        argMin(device_kind, (created_at, toUInt128(event_id), received_at)) as first_kind,
        argMin(counted.previous_device_id, (created_at, toUInt128(event_id), received_at)) as previous_device_id,
        any(session_timeout_seconds) * 1000 as timeout_ms,
        arraySort(groupArray(created_at)) as moments,
        arrayFirstIndex(
            gap -> gap >= timeout_ms,
            arrayDifference(arrayMap(moment -> toUnixTimestamp64Milli(moment), moments))
        ) as pause,
        moments[1] as first_at,
        moments[if(pause = 0, -1, pause - 1)] as last_at
    from counted
    group by project_id, utc_day, device_id
),

seen as (
    select project_id, device_id, created_at from counted
)

select
    device_days.project_id as project_id,
    device_days.utc_day as utc_day,
    device_days.device_id as device_id,
    device_days.previous_device_id as previous_device_id,
    device_days.first_at as first_at,
    device_days.last_at as last_at
from device_days
asof inner join seen
    on device_days.project_id = seen.project_id
    and device_days.previous_device_id = seen.device_id
    and device_days.first_at >= seen.created_at
where {{ in_window('utc_day') }}
    and device_days.first_kind = 'derived'
    and device_days.previous_device_id not in ('', device_days.device_id)
    and dateDiff('millisecond', seen.created_at, device_days.first_at) < device_days.timeout_ms
