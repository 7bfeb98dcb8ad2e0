{{ config(
    tags='facts', schema='lens_staging', partition_by='toYYYYMM(local_day)',
    order_by=['project_id', 'local_day', 'profile_id', 'created_at']
) }}
-- grain: one row per profile operation that counts (no duplicate, no bot)
--
-- It reads the raw operations of the days to build. Profiles, groups, links and traits read the operations from here,
-- so duplicates are judged once.

with operations as (
    select * from {{ ref('stg_profile_operations') }}
    where {{ in_raw_window() }}
),

sent as (
    select project_id, event_id, message_id, day, received_at, batch_id, batch_row
    from {{ source('lens_raw', 'profile_operations') }}
    where {{ in_raw_window() }}
),

copies as (
    {{ duplicates_of('sent', source('lens_raw', 'profile_operations'), has_bodies=false) }}
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
    group_id,
    group_type,
    group_name,
    groups,
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
    and (project_id, batch_id, batch_row) not in (select project_id, batch_id, batch_row from copies)
