{#- SQL: the rest of a statement that has a CTE `counted`: the events that count, with the devices that were sent.

    It gives one row per derived device and UTC day on which the device goes on from a previous device (the columns of
    `int_device_handovers`); only rows that meet `kept`. -#}
{% macro handed_over(kept) -%}
-- Each device and UTC day: its first event (`first_at`), the previous device that this event names, and the last event
-- before the day's first pause of the timeout (`last_at`).
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
    group by project_id, utc_day, device_id, {{ unguessable('device_id') }}
),

-- When each device was seen, under the id that was sent.
seen as (
    select project_id, device_id, created_at from counted
)

-- The previous device was last seen less than the timeout before `first_at`.
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
where {{ kept }}
    and device_days.first_kind = 'derived'
    and device_days.previous_device_id not in ('', device_days.device_id)
    and dateDiff('millisecond', seen.created_at, device_days.first_at) < device_days.timeout_ms
{%- endmacro %}
