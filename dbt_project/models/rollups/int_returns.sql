{{ config(
    tags='folded', schema='lens_staging', materialized='table', order_by=['project_id', 'day', 'previous_day']
) }}
-- grain: one row per project, local day and day on which the day's visitors had been there last (1970-01-01: never)
--
-- It reads the days of devices and profiles. In a period of several days, a visitor is counted on the first of the
-- visitor's days, which is the one whose previous day is before the period. So the number of distinct devices and
-- people in any days is a sum over these rows (docs/decisions/0031-answers.md).

with device_days as (
    select project_id, local_day as day, sipHash64(device_id) as hashed, true as is_device
    from {{ ref('int_device_days') }}
    where device_id != ''
),

profile_days as (
    select project_id, local_day as day, sipHash64(profile_id) as hashed, false as is_device
    from {{ ref('int_profile_days') }}
    where event_count > 0
),

sequences as (
    select
        project_id,
        is_device,
        arraySort(groupArray(day)) as days,
        {{ previous_of('days', 'toDate(0)') }} as previous_days
    from (
        select * from device_days
        union all
        select * from profile_days
    )
    group by project_id, is_device, hashed
)

select
    project_id,
    day,
    previous_day,
    toUInt64(countIf(is_device)) as devices,
    toUInt64(countIf(not is_device)) as people
from sequences
array join days as day, previous_days as previous_day
group by project_id, day, previous_day
