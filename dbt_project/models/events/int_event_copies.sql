{{ config(
    tags='facts', schema='lens_staging', partition_by='toYYYYMM(day)', order_by=['project_id', 'batch_id', 'batch_row']
) }}
-- grain: one row per landed event that repeats an earlier one, by its UTC day
--
-- Judged by device ids as sent. The neighbouring days are read, too, for bodies that are sent again over midnight.

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
