{{ config(
    tags='facts', schema='lens_staging', partition_by='toYYYYMM(utc_day)', order_by=['project_id', 'device_id']
) }}
-- grain: one row per derived device and UTC day on which it goes on from the device that it was under the salt before
--
-- It reads the raw events of two UTC days, by the ids that were sent. A device goes on from another one if its first
-- event of the day names that device, and that device has an event less than the timeout before. Its events up to
-- `last_at`, the last one before its first pause, then belong to the other device. Because ids are as sent, there is
-- only one hop.

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
{{ handed_over(kept=in_window('utc_day')) }}
