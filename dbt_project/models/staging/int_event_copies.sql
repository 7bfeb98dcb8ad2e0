{{ config(materialized='incremental', partition_by='toYYYYMM(day)', order_by=['project_id', 'batch_id', 'batch_row']) }}
-- grain: one row per landed event that repeats an earlier one, by its UTC day
--
-- Judged by device ids as sent. The days beside it are read, too, for bodies that are sent again over midnight.

with events as (
    select
        project_id, event_id, message_id, device_id, body_hash, import_id, duplicate_window_ms, day,
        received_at, batch_id, batch_row
    from {{ ref('stg_events') }}
    where {{ in_raw_window() }}
),

copies as (
    {{ duplicates_of('events', ref('stg_events')) }}
)

select
    project_id,
    day,
    batch_id,
    batch_row
from copies
where {{ in_window('day') }}
