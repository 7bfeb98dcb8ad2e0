{{ config(
    tags='facts', schema='lens_staging', partition_by='toYYYYMM(day)', order_by=['project_id', 'batch_id', 'batch_row']
) }}
-- grain: one row per landed event that repeats an earlier one, by its UTC day
--
-- It reads raw events and judges them by the device ids that were sent. The neighbouring days are read, too, because a
-- body can be sent again after midnight. Sessions, identities and the ledger read the copies from here, so each event
-- is judged once.

with events as (
    select * from {{ source('lens_raw', 'events') }}
    where {{ in_raw_window() }}
),

copies as (
    {{ duplicates_of('events', source('lens_raw', 'events'), has_bodies=true) }}
)

select
    project_id,
    day,
    batch_id,
    batch_row
from copies
where {{ in_window('day') }}
