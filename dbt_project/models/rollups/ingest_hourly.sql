{{ config(
    tags='daily', partition_by='toYYYYMM(day)', order_by=['project_id', 'hour'], meta={'window': 'receive_days'}
) }}
-- grain: one row per project and UTC hour of receipt
--
-- It reads raw events, operations and quarantine by time of receipt. Every event and operation that an authenticated
-- client sent counts once, in the first class that fits: rejected, duplicate, bot, accepted. Imports count too;
-- `replay` is never in the raw tables.

with copies as (
    select project_id, batch_id, batch_row from {{ ref('int_event_copies') }}
),

operations as (
    select project_id, received_at, is_bot, batch_id, batch_row from {{ ref('stg_profile_operations') }}
    where {{ in_window('toDate(received_at)') }}
),

sent_operations as (
    select project_id, event_id, day, received_at, batch_id, batch_row
    from {{ source('lens_raw', 'profile_operations') }}
    where {{ in_window('toDate(received_at)', before=7) }}
),

copies_of_operations as (
    {{ duplicate_rows('sent_operations', has_bodies=false) }}
),

received as (
    select
        project_id,
        received_at,
        is_bot,
        (project_id, batch_id, batch_row) in (select project_id, batch_id, batch_row from copies) as is_duplicate,
        false as is_rejected
    from {{ ref('stg_events') }}
    where {{ in_window('toDate(received_at)') }}
    union all
    select
        project_id,
        received_at,
        is_bot,
        (project_id, batch_id, batch_row) in (select project_id, batch_id, batch_row from copies_of_operations) as is_duplicate,
        false as is_rejected
    from operations
    union all
    select
        project_id,
        received_at,
        false as is_bot,
        false as is_duplicate,
        true as is_rejected
    from {{ source('lens_raw', 'quarantine') }}
)

select
    project_id,
    toStartOfHour(toDateTime(received_at, 'UTC')) as hour,
    toDate(hour) as day,
    count() as received,
    toUInt64(countIf(not is_rejected and not is_duplicate and not is_bot)) as accepted,
    toUInt64(countIf(is_duplicate)) as duplicate,
    toUInt64(countIf(is_bot and not is_duplicate)) as bot,
    toUInt64(countIf(is_rejected)) as rejected
from received
where {{ in_window('toDate(received_at)') }}
group by project_id, hour
