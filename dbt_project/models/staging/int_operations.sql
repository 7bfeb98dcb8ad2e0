{{ config(materialized='incremental', partition_by='local_day', order_by=['project_id', 'local_day', 'profile_id', 'created_at']) }}
-- grain: one row per profile operation that counts (no duplicate, no bot)

with operations as (
    select * from {{ ref('stg_profile_operations') }}
    where {{ in_raw_window() }}
),

copies_on_other_days as (
    select * from {{ ref('stg_profile_operations') }}
    where {{ 'false' if window_days() is none else 'message_id != \'\'' }}
        and not ({{ in_raw_window() }})
        and toDate(received_at) in (
            select arrayJoin(arrayMap(back -> toDate(received_at) - back, range(8))) from operations where message_id != ''
        )
        and event_id in (select event_id from operations where message_id != '')
),

candidates as (
    select
        project_id, event_id, message_id, device_id, body_hash, import_id, duplicate_window_ms,
        received_at, batch_id, batch_row
    from operations
    union all
    select
        project_id, event_id, message_id, device_id, body_hash, import_id, duplicate_window_ms,
        received_at, batch_id, batch_row
    from copies_on_other_days
),

duplicates as (
    {{ duplicate_rows('candidates') }}
)

select
    project_id,
    local_day,
    event_id,
    operation,
    device_id,
    device_kind,
    profile_id,
    alias,
    property,
    value,
    first_name,
    last_name,
    name,
    email,
    avatar,
    properties,
    created_at,
    received_at,
    batch_id,
    batch_row
from operations
where {{ in_window('local_day') }}
    and not is_bot
    and (project_id, batch_id, batch_row) not in (select project_id, batch_id, batch_row from duplicates)
