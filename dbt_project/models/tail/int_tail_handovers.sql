{{ config(tags='folded', materialized='view', schema='lens_staging') }}
-- grain: one row per derived device and UTC day on which it goes on from another device, as the next build will judge
--
-- A parameterized view over the raw events, with the SQL of `int_device_handovers`. It gets the copies as parameters.

with copies as (
    select
        batch_id,
        batch_row
    from (select {copied_batches:Array(String)} as batches, {copied_rows:Array(UInt32)} as rows)
    array join batches as batch_id, rows as batch_row
),

counted as (
    select
        project_id, event_id, device_id, device_kind, previous_device_id, created_at, received_at, day,
        session_timeout_seconds
    from {{ ref('stg_events') }}
    where {{ is_read_for_tail() }}
        and name not in ('session_start', 'session_end')
        and not is_bot
        and (batch_id, batch_row) not in (select batch_id, batch_row from copies)
),

{{ handed_over(kept='true') }}
